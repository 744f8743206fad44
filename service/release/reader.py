"""What the pipeline becomes to see what a stage runs, and how its last traffic shifts went; it may read that, no more.

Templates, the state of stacks, deployments, metrics and alarms: no data of anybody's, no configuration of functions. It
must not know what is made of it: release evidence (pipeline/evidence), and news of releases (pipeline/monitor).
Source: service authorization reference of CloudFormation, CodeDeploy and CloudWatch (which have which resources).
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from service.acknowledgements import acknowledge
from service.api.access import toolchain_role
from service.service_settings import ServiceSettings


def release_reader_role(stack: cdk.Stack, *, settings: ServiceSettings) -> iam.Role:
    """For all stacks of the stage, as "Prod-*": their groups have names that CloudFormation gave them."""
    role = iam.Role(
        stack,
        "ReleaseReaderRole",
        role_name=settings.release_reader_role_name,
        assumed_by=toolchain_role(settings, settings.evidence_role_name, settings.monitor_role_name),
    )
    stacks = f"{stack.stack_name.removesuffix(stack.node.id)}*"
    place = f"{stack.region}:{stack.account}"
    templates = f"arn:aws:cloudformation:{place}:stack/{stacks}/*"
    groups = f"arn:aws:codedeploy:{place}:deploymentgroup:{stacks}/*"
    alarms = f"arn:aws:cloudwatch:{place}:alarm:*"
    role.add_to_policy(
        _allow(
            [f"cloudformation:{name}" for name in ("DescribeStacks", "GetTemplate", "ListStackResources")], templates
        )
    )
    role.add_to_policy(
        _allow(
            [
                *("codedeploy:BatchGetDeployments", "codedeploy:GetDeploymentGroup", "codedeploy:GetDeploymentTarget"),
                *("codedeploy:ListDeployments", "codedeploy:ListDeploymentTargets"),
            ],
            groups,
        )
    )
    role.add_to_policy(_allow(["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"], alarms))
    role.add_to_policy(_allow(["cloudwatch:GetMetricData"], "*"))
    acknowledge(
        role,
        {
            f"IAM5[Resource::{templates}]": "The stacks of this stage alone; an id follows each name.",
            f"IAM5[Resource::{groups}]": "Groups of this stage's stacks, with names that CloudFormation chose.",
            f"IAM5[Resource::{alarms}]": "CloudWatch authorizes both on alarm:* whichever names are asked for.",
            "IAM5[Resource::*]": "CloudWatch has no resources for GetMetricData; metrics are numbers.",
        },
    )
    return role


def _allow(actions: list[str], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=[resource])
