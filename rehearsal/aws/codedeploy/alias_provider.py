"""CloudFormation's AWS::Lambda::Alias: an alias whose version changes is shifted by CodeDeploy if its template says so.

It must not shift traffic itself. Source: "UpdatePolicy attribute", CodeDeployLambdaAliasUpdate: CloudFormation performs
a deployment when the version changes on the alias, waits for it, and fails with it. Creation is never a deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.codedeploy.codedeploy import CodeDeploy
from rehearsal.aws.codedeploy.deployment import AliasShift, Creator, DeploymentStatus, new_deployment_id
from rehearsal.aws.codedeploy.errors import CodeDeployRejection
from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.lambda_host.routing import Routing
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, as_float
from rehearsal.aws.stack_changes import StackChange
from rehearsal.errors import EngineError
from rehearsal.run_events import DeploymentEnded, DeploymentStarted, Status

_POLICY = "CodeDeployLambdaAliasUpdate"
_NOT_FOUND = "ResourceNotFoundException"


class AliasProvider:
    """See the module; it is a `ResourceProvider`."""

    resource_types = frozenset({"AWS::Lambda::Alias"})

    def __init__(self, codedeploy: CodeDeploy) -> None:
        self._codedeploy = codedeploy
        self._services = codedeploy.services

    def create(self, request: ResourceRequest) -> ResourceResult:
        alias = _alias_of(request)
        routing = _routing_of(request.properties)
        self._keep_code(alias, routing.version)
        try:
            self._services.aliases.create(alias, routing, description=_description_of(request))
        except ClientError as exc:
            raise ResourceFailed(str(exc)) from exc
        self._services.functions.refresh(alias.unqualified)
        self._services.functions.warm(alias.unqualified, routing.version)
        if request.update_policy.get(_POLICY):
            self._announce_first_version(alias, routing.version, self._change(request))
        return ResourceResult(str(alias), {"AliasArn": str(alias)})

    def update(self, request: ResourceRequest) -> ResourceResult:
        alias = _alias_of(request)
        if str(alias) != request.physical_id:
            return self.create(request)
        wanted = _routing_of(request.properties)
        self._keep_code(alias, wanted.version)
        try:
            current = self._services.aliases.routing(alias)
            policy = request.update_policy.get(_POLICY)
            if policy and current != Routing(wanted.version):
                self._deploy(request, alias, policy, _routing_of(request.old_properties).version, wanted.version)
            self._services.aliases.set_routing(alias, wanted, description=_description_of(request))
        except ClientError as exc:
            raise ResourceFailed(str(exc)) from exc
        self._services.functions.refresh(alias.unqualified)
        return ResourceResult(str(alias), {"AliasArn": str(alias)})

    def delete(self, request: ResourceRequest) -> None:
        alias = FunctionArn.parse(str(request.physical_id))
        try:
            self._services.aliases.delete(alias)
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") != _NOT_FOUND:
                raise ResourceFailed(str(exc)) from exc
        self._services.functions.refresh(alias.unqualified)

    def _deploy(
        self,
        request: ResourceRequest,
        alias: FunctionArn,
        policy: Mapping[str, Any],
        from_version: str,
        to_version: str,
    ) -> None:
        """Raises ResourceFailed with CodeDeploy's reason unless the deployment succeeds."""
        shift = AliasShift(
            alias=alias,
            from_version=from_version,
            to_version=to_version,
            before_hook=_hook_arn(alias, policy.get("BeforeAllowTrafficHook")),
            after_hook=_hook_arn(alias, policy.get("AfterAllowTrafficHook")),
        )
        try:
            group = self._codedeploy.group(
                request.account, request.region, str(policy["ApplicationName"]), str(policy["DeploymentGroupName"])
            )
            deployment = self._codedeploy.deploy(group, shift, self._creator(request), self._change(request))
        except CodeDeployRejection as exc:
            raise ResourceFailed(f"{exc} ({exc.code})") from exc
        if deployment.status is not DeploymentStatus.SUCCEEDED:
            raise ResourceFailed(
                f"CodeDeploy deployment {deployment.deployment_id} {deployment.status.lower()}: "
                f"{deployment.error_message} (Error code: {deployment.error_code})"
            )

    def _creator(self, request: ResourceRequest) -> Creator:
        is_way_back = self._services.stacks.is_rolling_back(request.account, request.region, request.stack_id)
        return Creator.CLOUDFORMATION_ROLLBACK if is_way_back else Creator.CLOUDFORMATION

    def _change(self, request: ResourceRequest) -> StackChange:
        return self._services.stack_changes.find(request.account, request.region, request.stack_name)

    def _keep_code(self, alias: FunctionArn, version: str) -> None:
        try:
            self._services.functions.snapshot(alias.unqualified, version)
        except (EngineError, ClientError) as exc:
            raise ResourceFailed(str(exc)) from exc

    def _announce_first_version(self, alias: FunctionArn, version: str, change: StackChange) -> None:
        identity = new_deployment_id()
        log = self._services.event_log
        log.emit(
            DeploymentStarted(
                deployment_id=identity,
                account=alias.account,
                function=alias.name,
                alias=str(alias.qualifier),
                from_version="",
                to_version=version,
                config="",
                stage=change.stage,
                execution_id=change.execution_id,
            )
        )
        log.emit(
            DeploymentEnded(
                deployment_id=identity,
                account=alias.account,
                function=alias.name,
                from_version="",
                to_version=version,
                status=Status.SUCCEEDED,
                shift=((0.0, 100.0),),
                reason="first version: no traffic to shift",
            )
        )


def _alias_of(request: ResourceRequest) -> FunctionArn:
    name = str(request.properties["FunctionName"])
    function = FunctionArn.parse(name).name if name.startswith("arn:") else name
    return FunctionArn(request.account, request.region, function, str(request.properties["Name"]))


def _description_of(request: ResourceRequest) -> str:
    return str(request.properties.get("Description") or "")


def _routing_of(properties: Mapping[str, Any]) -> Routing:
    """From the properties FunctionVersion and RoutingConfig, whose list of weights differs from the API's map."""
    weights = (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or []
    return Routing(
        str(properties["FunctionVersion"]),
        {str(entry["FunctionVersion"]): as_float(entry["FunctionWeight"]) for entry in weights},
    )


def _hook_arn(alias: FunctionArn, hook: object) -> str | None:
    """A template names a hook by name or by ARN."""
    if not hook:
        return None
    name = str(hook)
    return name if name.startswith("arn:") else str(FunctionArn(alias.account, alias.region, name))
