"""The release pipeline: Source, Build, UpdatePipeline, Assets, Staging, ApproveProd, Prod.

It only composes: what a step runs, and what a gate is, stand in the modules beside it.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import pipelines
from constructs import Construct

from config import Configuration, GitHubSource, StageConfiguration
from pipeline import tool_versions
from pipeline.acknowledgements import acknowledge_generated_grants
from pipeline.approval import ApprovalStep
from pipeline.artifact_store import ArtifactStore
from pipeline.bake import bake_step
from pipeline.build import build_defaults, build_step
from pipeline.end_to_end import end_to_end_step
from pipeline.gates import roll_back_on_failure
from pipeline.monitor.infrastructure import Monitor
from pipeline.names import APPROVAL, PIPELINE_NAME, PROD, STAGING
from pipeline.notifications import Notifications
from pipeline.pull_requests import PullRequests
from pipeline.source import commit_url, grant_use_of_connection, pipeline_source
from pipeline.way_back import pass_way_back, way_back_step
from service.service_stage import ServiceStage

_PULL_REQUEST_LOG_DAYS = 30


class PipelineStack(cdk.Stack):
    """Carries every commit of the branch to prod, and the pipeline itself with it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, env: cdk.Environment, configuration: Configuration
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        source = pipeline_source(self, configuration.source)
        artifacts = ArtifactStore(self, "Artifacts")
        notifications = Notifications(self, "Notifications", email=configuration.release_managers_email)
        release = pipelines.CodePipeline(
            self,
            "Release",
            pipeline_name=PIPELINE_NAME,
            synth=build_step(source),
            code_build_defaults=build_defaults(),
            cli_version=tool_versions.CDK_CLI,
            cdk_assets_cli_version=tool_versions.CDK_ASSETS,
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
            artifact_bucket=artifacts.bucket,
            cross_account_keys=True,
            # One publisher for all assets: neither code nor a new asset changes the pipeline. A changed pipeline
            # has a new version, and CodePipeline rolls a stage back only to an execution of the same version.
            publish_assets_in_parallel=False,
            # One Deploy action a stack: an action that executes a change set cannot be retried.
            use_change_sets=False,
        )
        staging = self.service_stage(STAGING, configuration.staging)
        prod = self.service_stage(PROD, configuration.prod)
        release.add_stage(
            staging,
            pre=[way_back_step(STAGING, PIPELINE_NAME, configuration.toolchain, source)],
            post=_proofs(release, staging, configuration.staging, source),
        )
        release.add_wave(APPROVAL, post=[_approval(source, configuration)])
        release.add_stage(
            prod,
            pre=[way_back_step(PROD, PIPELINE_NAME, configuration.toolchain, source)],
            post=_proofs(release, prod, configuration.prod, source),
        )
        release.build_pipeline()

        roll_back_on_failure(release.pipeline, (STAGING, PROD))
        for stage in (staging, prod):
            pass_way_back(release.pipeline, stage.node.id, stage.canaried_stack_ids)
        if isinstance(configuration.source, GitHubSource):
            grant_use_of_connection(release.pipeline, configuration.source.connection_arn)
        Monitor(
            self,
            "Monitor",
            pipeline_name=PIPELINE_NAME,
            prod_stage=PROD,
            approval_timeout_hours=configuration.approval_timeout_hours,
            topic=notifications.topic,
            settings=configuration.prod.service,
        )
        if configuration.checks_pull_requests:
            PullRequests(self, "PullRequests", source=configuration.source, log_retention_days=_PULL_REQUEST_LOG_DAYS)
        artifacts.keep_projects_to_their_own(release, release.pipeline)
        acknowledge_generated_grants(release, artifacts.bucket)

    def service_stage(self, stage_id: str, configuration: StageConfiguration) -> ServiceStage:
        """One copy of the service, in its own account."""
        environment = configuration.environment
        return ServiceStage(
            self,
            stage_id,
            env=cdk.Environment(account=environment.account, region=environment.region),
            settings=configuration.service,
        )


def _proofs(
    scope: Construct, stage: ServiceStage, configuration: StageConfiguration, source: pipelines.CodePipelineSource
) -> list[pipelines.Step]:
    """What a deployed stage has to go through: its tests, and then its bake, which sees what the tests have left."""
    tests = end_to_end_step(scope, stage, configuration, source)
    bake = bake_step(scope, stage, configuration, source)
    bake.add_step_dependency(tests)
    return [tests, bake]


def _approval(source: pipelines.CodePipelineSource, configuration: Configuration) -> ApprovalStep:
    commit_id = source.source_attribute("CommitId")
    return ApprovalStep(
        "Approve",
        # True however long it waits: a newer commit may have gone to staging since, and queues here.
        comment=f"Release commit {commit_id} to prod? Execution #{{codepipeline.PipelineExecutionId}}. "
        "Staging's end-to-end tests passed with it, and its alarms were quiet. A newer commit may be in staging by "
        "now: it waits for this answer, and to let it go on without this one, reject this one.",
        review_url=commit_url(configuration.source, configuration.toolchain, commit_id),
        timeout=cdk.Duration.hours(configuration.approval_timeout_hours),
    )
