"""Tells the toolchain's account of this stage's traffic shifts: each end of a deployment, as CodeDeploy tells it.

A rule on the stage's default bus, whose target is a bus of the toolchain's account; it may put events there and do
nothing else, and only this rule may become its role. It must not know what is made of it: the pipeline's monitor is
rung by it (pipeline/monitor). It is a bell and no record, so what is lost is lost: who hears it asks CodeDeploy.
Sources: EventBridge user guide, "Sending and receiving events between AWS accounts", "Cross-service confused deputy
prevention" (of a rule's target the source is the rule); EventBridge reference, "AWS CodeDeploy events" (best effort).
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam

from service.failures.failure_paths import exempt
from service.service_settings import ServiceSettings

SOURCE = "aws.codedeploy"
DETAIL_TYPE = "CodeDeploy Deployment State-change Notification"
ENDS = ("SUCCESS", "FAILURE", "STOP")


def forward_deployments(stack: cdk.Stack, *, settings: ServiceSettings) -> events.Rule:
    """Of all stacks of the stage, as "Prod-*": their applications have names that CloudFormation gave them."""
    rule_arn = f"arn:aws:events:{stack.region}:{stack.account}:rule/{settings.deployments_rule_name}"
    role = iam.Role(
        stack,
        "DeploymentsForwarder",
        role_name=settings.deployments_forwarder_role_name,
        assumed_by=iam.ServicePrincipal(
            "events.amazonaws.com",
            conditions={
                "ArnEquals": {"aws:SourceArn": rule_arn},
                "StringEquals": {"aws:SourceAccount": stack.account},
            },
        ),
    )
    bus = events.EventBus.from_event_bus_arn(stack, "ToolchainBus", settings.deployments_bus_arn)
    rule = events.Rule(
        stack,
        "Deployments",
        rule_name=settings.deployments_rule_name,
        description="Tells the release pipeline's monitor that a traffic shift has ended",
        event_pattern=events.EventPattern(
            source=[SOURCE],
            detail_type=[DETAIL_TYPE],
            detail={
                "state": list(ENDS),
                "application": [{"prefix": stack.stack_name.removesuffix(stack.node.id)}],
            },
        ),
        targets=[targets.EventBus(bus, role=role)],
    )
    exempt(rule, reason="A bell: what is not heard is measured within a quarter of an hour all the same.")
    return rule
