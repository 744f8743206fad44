"""Aliases and versions through the Lambda API, as the account's root; and what a service role may do.

It must not know deployments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from rehearsal.aws.lambda_host.function import Clients, FunctionArn
from rehearsal.aws.lambda_host.routing import Routing

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_HOOK_PREFIX = "CodeDeployHook_"
_MANAGED_POLICY = "AWSCodeDeployRoleForLambda"


class AwsAliases:
    """See the module; `ports.Aliases` is the seam."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def create(self, alias: FunctionArn, routing: Routing, *, description: str) -> None:
        self._client(alias).create_alias(
            FunctionName=alias.name,
            Name=str(alias.qualifier),
            FunctionVersion=routing.version,
            Description=description,
            RoutingConfig={"AdditionalVersionWeights": dict(routing.weights)},
        )

    def routing(self, alias: FunctionArn) -> Routing:
        return Routing.from_alias(
            self._client(alias).get_alias(FunctionName=alias.name, Name=str(alias.qualifier)),
        )

    def set_routing(self, alias: FunctionArn, routing: Routing, *, description: str | None = None) -> None:
        self._client(alias).update_alias(
            FunctionName=alias.name,
            Name=str(alias.qualifier),
            FunctionVersion=routing.version,
            RoutingConfig={"AdditionalVersionWeights": dict(routing.weights)},
            **({} if description is None else {"Description": description}),
        )

    def delete(self, alias: FunctionArn) -> None:
        self._client(alias).delete_alias(FunctionName=alias.name, Name=str(alias.qualifier))

    def role_of(self, function: FunctionArn, version: str) -> str:
        answer = self._client(function).get_function_configuration(FunctionName=function.name, Qualifier=version)
        return answer["Role"]

    def may_invoke(self, role_arn: str, function_arn: str, *, region: str) -> str | None:
        """Asks Lambda with a dry run as the role. The emulator does not know the managed policy for CodeDeploy's role,
        which allows hooks whose name starts with CodeDeployHook_: that is looked up by the policy's name."""
        try:
            session = self._clients.assume(role_arn, session_name="codedeploy", region=region)
            session.client("lambda").invoke(FunctionName=function_arn, InvocationType="DryRun")
        except ClientError as exc:
            function = FunctionArn.parse(function_arn)
            if function.name.startswith(_HOOK_PREFIX) and self._has_managed_policy(role_arn, region):
                return None
            return str(exc.response.get("Error", {}).get("Message", exc))
        return None

    def _has_managed_policy(self, role_arn: str, region: str) -> bool:
        iam = self._clients.root(role_arn.split(":")[4], region).client("iam")
        attached = iam.list_attached_role_policies(RoleName=role_arn.rpartition("/")[2])["AttachedPolicies"]
        return any(_MANAGED_POLICY in policy.get("PolicyArn", "") for policy in attached)

    def _client(self, function: FunctionArn) -> LambdaClient:
        return self._clients.root(function.account, function.region).client("lambda")
