"""A canaried stack's parameter that says whether the stage is on its way back: then its alias goes back at once.

CloudFormation gives an alias's change to CodeDeploy as its UpdatePolicy says; without one it changes the alias itself,
to all traffic at once ("UpdatePolicy attribute"; an `Fn::If` may stand there: "Condition functions").
It must not know who says so: the pipeline does (pipeline/way_back.py), and whoever deploys by hand.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

PARAMETER = "WayBack"
CONDITION = "IsReleased"


def canary_unless_way_back(alias: lambda_.Alias) -> None:
    """To be called when the alias has its deployment group: its UpdatePolicy then holds for releases alone."""
    stack = cdk.Stack.of(alias)
    resource = alias.node.default_child
    assert isinstance(resource, lambda_.CfnAlias)
    policy = resource.cfn_options.update_policy
    assert policy is not None
    assert policy.code_deploy_lambda_alias_update is not None
    update = policy.code_deploy_lambda_alias_update
    parameter = cdk.CfnParameter(
        stack,
        PARAMETER,
        allowed_values=["yes", "no"],
        default="no",
        description="yes: the stage goes back to what has served before, without a canary",
    )
    cdk.CfnCondition(stack, CONDITION, expression=cdk.Fn.condition_equals(parameter.value_as_string, "no"))
    resource.cfn_options.update_policy = None
    canary = {
        "ApplicationName": update.application_name,
        "DeploymentGroupName": update.deployment_group_name,
        "BeforeAllowTrafficHook": update.before_allow_traffic_hook,
        "AfterAllowTrafficHook": update.after_allow_traffic_hook,
    }
    resource.add_override(
        "UpdatePolicy",
        {
            "Fn::If": [
                CONDITION,
                {"CodeDeployLambdaAliasUpdate": {key: value for key, value in canary.items() if value is not None}},
                {"Ref": "AWS::NoValue"},
            ]
        },
    )


def canaried_stack_ids(stage: cdk.Stage) -> tuple[str, ...]:
    """The ids of the stacks that have the parameter."""
    stacks = [child for child in stage.node.children if isinstance(child, cdk.Stack)]
    return tuple(stack.node.id for stack in stacks if stack.node.try_find_child(PARAMETER) is not None)
