"""A canaried stack's parameter that says whether the stage is on its way back: then its alias goes back at once.

Still by CodeDeploy, so that what it knows of the alias stays true, but all at once and without hooks: nothing has
called the old version lately, and it has nothing to prove. It must not know who says so: the pipeline does
(pipeline/way_back.py), and whoever deploys by hand.
Sources: "UpdatePolicy attribute", CodeDeployLambdaAliasUpdate; "Condition functions" (an `Fn::If` may stand in an
update policy); "Deployment configurations on an AWS Lambda compute platform".
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_

PARAMETER = "WayBack"
CONDITION = "IsReleased"
AT_ONCE = "CodeDeployDefault.LambdaAllAtOnce"


def canary_unless_way_back(alias: lambda_.Alias, group: codedeploy.LambdaDeploymentGroup) -> None:
    """To be called when the alias has its deployment group: canary and hooks then are for releases alone."""
    stack = cdk.Stack.of(alias)
    parameter = cdk.CfnParameter(
        stack,
        PARAMETER,
        allowed_values=["yes", "no"],
        default="no",
        description="yes: the stage goes back to what has served before, without a canary",
    )
    cdk.CfnCondition(stack, CONDITION, expression=cdk.Fn.condition_equals(parameter.value_as_string, "no"))
    cfn_group = group.node.default_child
    assert isinstance(cfn_group, codedeploy.CfnDeploymentGroup)
    assert cfn_group.deployment_config_name is not None
    cfn_group.deployment_config_name = _in_a_release(cfn_group.deployment_config_name, AT_ONCE)
    cfn_alias = alias.node.default_child
    assert isinstance(cfn_alias, lambda_.CfnAlias)
    policy = cfn_alias.cfn_options.update_policy
    assert policy is not None
    assert policy.code_deploy_lambda_alias_update is not None
    update = policy.code_deploy_lambda_alias_update
    assert update.before_allow_traffic_hook is not None
    assert update.after_allow_traffic_hook is not None
    cfn_alias.cfn_options.update_policy = cdk.CfnUpdatePolicy(
        code_deploy_lambda_alias_update=cdk.CfnCodeDeployLambdaAliasUpdate(
            application_name=update.application_name,
            deployment_group_name=update.deployment_group_name,
            before_allow_traffic_hook=_in_a_release(update.before_allow_traffic_hook),
            after_allow_traffic_hook=_in_a_release(update.after_allow_traffic_hook),
        )
    )


def _in_a_release(value: str, on_the_way_back: str = cdk.Aws.NO_VALUE) -> str:
    return cdk.Token.as_string(cdk.Fn.condition_if(CONDITION, value, on_the_way_back))


def canaried_stack_ids(stage: cdk.Stage) -> tuple[str, ...]:
    """The ids of the stacks that have the parameter."""
    stacks = [child for child in stage.node.children if isinstance(child, cdk.Stack)]
    return tuple(stack.node.id for stack in stacks if stack.node.try_find_child(PARAMETER) is not None)
