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
from pipeline.evidence.infrastructure import ATTEMPT, DIGEST, SUMMARY, EvidenceStore, as_approved_step, evidence_step
from pipeline.evidence.runtime.link import digest_words
from pipeline.gates import roll_back_on_failure
from pipeline.monitor.infrastructure import Monitor
from pipeline.names import APPROVAL, PIPELINE_NAME, PROD, STAGING
from pipeline.notifications import Notifications
from pipeline.pull_requests import PullRequests
from pipeline.source import grant_use_of_connection, pipeline_source
from pipeline.steps import TEST_REPORTS, step_role
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
        build = build_step(source)
        notifications = Notifications(self, "Notifications", email=configuration.release_managers_email)
        release = pipelines.CodePipeline(
            self,
            "Release",
            pipeline_name=PIPELINE_NAME,
            synth=build,
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
        staging_tests = end_to_end_step(release, staging, configuration.staging, source)
        release.add_stage(
            staging,
            pre=[way_back_step(STAGING, PIPELINE_NAME, configuration.toolchain, source)],
            post=[staging_tests, _bake(release, staging, configuration.staging, source, after=staging_tests)],
        )
        evidence, evidence_store = self._evidence(release, source, build, staging_tests, configuration)
        release.add_wave(APPROVAL, post=[evidence, _approval(source, configuration, evidence_store, evidence)])
        way_back = way_back_step(PROD, PIPELINE_NAME, configuration.toolchain, source)
        prod_tests = end_to_end_step(release, prod, configuration.prod, source)
        release.add_stage(
            prod,
            pre=[way_back, as_approved_step(PROD, evidence, way_back, source, build)],
            post=[prod_tests, _bake(release, prod, configuration.prod, source, after=prod_tests)],
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
            stages={STAGING: configuration.staging, PROD: configuration.prod},
            approval_timeout_hours=configuration.approval_timeout_hours,
            topic=notifications.topic,
        )
        if configuration.checks_pull_requests:
            PullRequests(self, "PullRequests", source=configuration.source, log_retention_days=_PULL_REQUEST_LOG_DAYS)
        artifacts.keep_projects_to_their_own(release, release.pipeline)
        acknowledge_generated_grants(release, artifacts.bucket)

    def _evidence(
        self,
        release: pipelines.CodePipeline,
        source: pipelines.CodePipelineSource,
        build: pipelines.CodeBuildStep,
        staging_tests: pipelines.CodeBuildStep,
        configuration: Configuration,
    ) -> tuple[pipelines.CodeBuildStep, EvidenceStore]:
        """The step that makes what the approval shows, out of what the others hand over, and where it keeps it."""
        role = step_role(release, "EvidenceRole", role_name=configuration.prod.service.evidence_role_name)
        store = EvidenceStore(self, "Evidence", writer=role)
        step = evidence_step(
            store,
            PIPELINE_NAME,
            configuration,
            source,
            stages={STAGING: configuration.staging, PROD: configuration.prod},
            inputs={
                "cdk.out": build,
                "unit-tests": build.add_output_directory(TEST_REPORTS),
                "end-to-end-tests": staging_tests.add_output_directory(TEST_REPORTS),
            },
        )
        return step, store

    def service_stage(self, stage_id: str, configuration: StageConfiguration) -> ServiceStage:
        """One copy of the service, in its own account."""
        environment = configuration.environment
        return ServiceStage(
            self,
            stage_id,
            env=cdk.Environment(account=environment.account, region=environment.region),
            settings=configuration.service,
        )


def _bake(
    scope: Construct,
    stage: ServiceStage,
    configuration: StageConfiguration,
    source: pipelines.CodePipelineSource,
    *,
    after: pipelines.Step,
) -> pipelines.CodeBuildStep:
    """After the stage's tests: its alarms see what they have left."""
    bake = bake_step(scope, stage, configuration, source)
    bake.add_step_dependency(after)
    return bake


def _approval(
    source: pipelines.CodePipelineSource,
    configuration: Configuration,
    store: EvidenceStore,
    evidence: pipelines.CodeBuildStep,
) -> ApprovalStep:
    commit_id = source.source_attribute("CommitId")
    return ApprovalStep(
        "Approve",
        # True however long it waits: a newer commit may have gone to staging since, and queues here.
        comment=f"Release commit {commit_id} to prod? Execution #{{codepipeline.PipelineExecutionId}}. "
        f"{evidence.exported_variable(SUMMARY)} {digest_words(evidence.exported_variable(DIGEST))} "
        "A newer commit may be in staging by now: it waits for this answer, "
        "and to let it go on without this one, reject this one.",
        review_url=store.url("index.html", configuration.toolchain.region, attempt=evidence.exported_variable(ATTEMPT)),
        timeout=cdk.Duration.hours(configuration.approval_timeout_hours),
    )
