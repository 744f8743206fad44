"""The bake: after a release has all of a stage's traffic, its own alarms are watched; one that rings fails the stage.

An action and not a condition: what a CloudWatchAlarm rule does with an alarm in another account, or with one that is
in ALARM already, stands on no page of AWS. The step may do one thing in AWS: become the stage's alarm reader.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

from config import StageConfiguration
from pipeline.steps import INSTALL, role_arn, step_role
from pipeline.way_back import VARIABLE, way_back_of
from service.service_stage import ServiceStage

SECONDS_BETWEEN_LOOKS = 15


def bake_step(
    scope: Construct,
    stage: ServiceStage,
    configuration: StageConfiguration,
    source: pipelines.CodePipelineSource,
) -> pipelines.CodeBuildStep:
    """Where the stage is being rolled back, what had rung may still ring, and has these minutes to end."""
    service = configuration.service
    reader = role_arn(configuration, service.alarm_reader_role_name)
    minutes = configuration.bake_minutes
    looks = minutes * 60 // SECONDS_BETWEEN_LOOKS
    return pipelines.CodeBuildStep(
        "Bake",
        input=source,
        env={VARIABLE: way_back_of(stage.node.id)},
        install_commands=[INSTALL],
        commands=[
            f"for look in $(seq {looks}); do sleep {SECONDS_BETWEEN_LOOKS} && echo || break; done | "
            f"python3 scripts/bake.py --looks {looks} "
            f'--way-back "${VARIABLE}" --role-arn {reader} --region {configuration.environment.region} '
            + " ".join(stage.bake_alarm_names)
        ],
        timeout=cdk.Duration.minutes(minutes + 10),
        role=step_role(scope, f"{stage.node.id}BakeRole", role_name=service.bake_role_name),
        role_policy_statements=[iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[reader])],
    )
