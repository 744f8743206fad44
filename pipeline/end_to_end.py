"""The end-to-end tests of a stage that was just deployed: black box, over HTTP, signed.

The step may do one thing in AWS: become the stage's end-to-end role, which may call the API, report as a car
does, order maintenance, and hear of the events of its own cars.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

from config import StageConfiguration
from pipeline.steps import INSTALL, TEST_REPORTS, junit_report, role_arn, step_role
from service.service_stage import ServiceStage


def end_to_end_step(
    scope: Construct, stage: ServiceStage, configuration: StageConfiguration, source: pipelines.CodePipelineSource
) -> pipelines.CodeBuildStep:
    """Runs `integ/` against the stage's own outputs. A failure fails the stage, and so rolls it back."""
    return pipelines.CodeBuildStep(
        "EndToEnd",
        input=source,
        env={
            "STAGE_REGION": configuration.environment.region,
            "TELEMETRY_STREAM_NAME": configuration.service.telemetry_stream_name,
            "MAINTENANCE_QUEUE_NAME": configuration.service.maintenance_queue_name,
            "E2E_EVENTS_QUEUE_NAME": configuration.service.e2e_events_queue_name,
        },
        env_from_cfn_outputs={"API_URL": stage.api_url, "E2E_ROLE_ARN": stage.e2e_role_arn},
        install_commands=[INSTALL],
        commands=[f"python3 -m pytest integ --ignore=integ/gauntlet --junitxml={TEST_REPORTS}/end-to-end-tests.xml"],
        partial_build_spec=codebuild.BuildSpec.from_object(junit_report("end-to-end-tests")),
        timeout=cdk.Duration.minutes(15),
        role=step_role(scope, f"{stage.node.id}EndToEndRole", role_name=configuration.service.e2e_caller_role_name),
        role_policy_statements=[
            iam.PolicyStatement(
                actions=["sts:AssumeRole"],
                resources=[
                    role_arn(configuration, configuration.service.e2e_role_name),
                ],
            )
        ],
    )
