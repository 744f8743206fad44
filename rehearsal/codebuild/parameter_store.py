"""A parameter of Parameter Store for a build, as the project's role may read it.

It must not print a value. CodeBuild reads with `ssm:GetParameters`, and that is what CDK grants a project. The emulator
asks that permission for every resource, whatever the request names; so the role's policies are asked about the one
parameter first, and the account's root reads it. Source: CodeBuild user guide, "Build specification reference",
env/parameter-store; AWS Systems Manager in the Service Authorization Reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import boto3

ACTION = "ssm:GetParameters"


class ParameterDenied(Exception):
    """The role may not read the parameter."""


def read_parameter(name: str, *, role_arn: str, root: boto3.Session) -> str:
    """`name` is a name, with or without a version, or an ARN. Raises ParameterDenied, or ClientError for none."""
    arn = _arn(name, account=role_arn.split(":")[4], region=root.region_name)
    answer = cast("Any", root.client("iam")).simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=[ACTION], ResourceArns=[arn]
    )
    if any(result["EvalDecision"] != "allowed" for result in answer["EvaluationResults"]):
        raise ParameterDenied(f"role {role_arn} is not authorized to perform: {ACTION} on resource: {arn}")
    parameter = cast("Any", root.client("ssm")).get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return str(parameter["Value"])


def _arn(name: str, *, account: str, region: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:aws:ssm:{region}:{account}:parameter/{name.removeprefix('/').partition(':')[0]}"
