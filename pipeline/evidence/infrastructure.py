"""The release evidence in the pipeline: the step that makes it, its bucket, and the step that holds Prod to it.

What a release manager is shown (pipeline/evidence/runtime) is made before the approval, out of the Build's artifact, of
what prod and staging tell two roles that can only read, and of CodePipeline's history. It must not approve anything.
Sources: CodePipeline user guide, "Variables reference"; CodeBuild user guide, "Build specification reference"
(reports, exported-variables), "Test reports".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct

from config import Configuration, GitHubSource, StageConfiguration
from pipeline.artifact_store import ROLLBACK_HORIZON_DAYS
from pipeline.evidence.runtime.link import console_url
from pipeline.source import commit_url, compare_url
from pipeline.steps import install, role_arn
from pipeline.way_back import VARIABLE as WAY_BACK
from pipeline.way_back import way_back_of
from service.acknowledgements import acknowledge

DIGEST, SUMMARY, ATTEMPT = "EVIDENCE_DIGEST", "EVIDENCE_SUMMARY", "EVIDENCE_ATTEMPT"
EXECUTION = "#{codepipeline.PipelineExecutionId}"
_MADE = "release-evidence"
_EXPORTED = {DIGEST: "digest", SUMMARY: "summary", ATTEMPT: "attempt"}


class EvidenceStore(Construct):
    """The bucket: private, versioned, kept when the stack is deleted.

    Only `writer` writes, below executions/, and only what is not there yet; nobody deletes. S3's own lifecycle does,
    whatever a policy says ("Bucket policies for Amazon S3"). Source of the condition: S3 user guide, "Enforce
    conditional writes on Amazon S3 buckets".
    """

    def __init__(self, scope: Construct, construct_id: str, *, writer: iam.Role) -> None:
        super().__init__(scope, construct_id)
        self.writer = writer
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="AsLongAsAStageCanBeRolledBack",
                    expiration=cdk.Duration.days(ROLLBACK_HORIZON_DAYS),
                    noncurrent_version_expiration=cdk.Duration.days(ROLLBACK_HORIZON_DAYS),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                )
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        write, delete = ["s3:PutObject"], ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        self._deny("OnlyTheStepThatMakesItWrites", write, {"ArnNotEquals": {"aws:PrincipalArn": writer.role_arn}})
        self._deny("NothingIsOverwritten", write, {"Null": {"s3:if-none-match": "true"}})
        self._deny("NothingIsDeleted", delete, None)
        cfn_bucket = self.bucket.node.default_child
        assert isinstance(cfn_bucket, s3.CfnBucket)
        own = f"<{cdk.Stack.of(self).get_logical_id(cfn_bucket)}.Arn>/executions/*"
        acknowledge(self.bucket, {"S1": "What is read here is no secret, and CloudTrail's data events tell who did."})
        acknowledge(
            writer,
            {
                f"IAM5[Resource::{own}]": "An object for each execution, and its id is not known before.",
                "IAM5[Resource::*]": "Inspector has no resources for ScanSbom: it reads what it is given.",
            },
        )

    def _deny(self, sid: str, actions: list[str], conditions: Mapping[str, Any] | None) -> None:
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=actions,
                resources=[self.bucket.arn_for_objects("*")],
                conditions=conditions,
            )
        )

    def url(self, name: str, region: str, *, attempt: str) -> str:
        """The console's page of this execution's object; `attempt` is what the step has exported as ATTEMPT."""
        return console_url(region, self.bucket.bucket_name, f"executions/{EXECUTION}/{attempt}/{name}")


def evidence_step(
    store: EvidenceStore,
    pipeline_name: str,
    configuration: Configuration,
    source: pipelines.CodePipelineSource,
    *,
    stages: Mapping[str, StageConfiguration],
    inputs: Mapping[str, pipelines.IFileSetProducer],
) -> pipelines.CodeBuildStep:
    """`stages` are the one that proves and the one that is asked about, in this order, by name.

    `inputs` are the cloud assembly as "cdk.out" and folders of JUnit reports as "unit-tests" and "end-to-end-tests".
    """
    toolchain = configuration.toolchain
    (proof_stage, proof), (stage, asked) = stages.items()
    readers = {name: role_arn(each, each.service.release_reader_role_name) for name, each in stages.items()}
    # CodeCommit's source action does not tell it ("Variables reference").
    is_told = isinstance(configuration.source, GitHubSource)
    author = {"AUTHOR": source.source_attribute("AuthorDisplayName")} if is_told else {}
    options = {
        "pipeline": pipeline_name,
        "execution": '"$EXECUTION_ID"',
        "region": toolchain.region,
        "bucket": '"$EVIDENCE_BUCKET"',
        "stage": stage,
        "stage-region": asked.environment.region,
        "reader-role": readers[stage],
        "proof-stage": proof_stage,
        "proof-region": proof.environment.region,
        "proof-reader-role": readers[proof_stage],
        "commit-url": f"'{commit_url(configuration.source, toolchain, '{commit}')}'",
        **({"compare-url": f"'{url}'"} if (url := compare_url(configuration.source)) else {}),
        **({"author": '"$AUTHOR"'} if author else {}),
        "assembly": "cdk.out",
        "unit-tests": "unit-tests",
        "end-to-end-tests": "end-to-end-tests",
        "output": _MADE,
    }
    # With "=": an author may call himself "--help".
    words = " ".join(f"--{name}={value}" for name, value in options.items())
    return pipelines.CodeBuildStep(
        "Evidence",
        input=source,
        additional_inputs=dict(inputs),
        env={"EXECUTION_ID": EXECUTION, "EVIDENCE_BUCKET": store.bucket.bucket_name, **author},
        install_commands=[
            install("pipeline/evidence/requirements.txt"),
            # Its own workspace alone, without what the library asks for beside itself: its types are of the AWS SDK,
            # which it does not run. All of package-lock.json has eight times as much.
            "npm ci --workspace pipeline/evidence --omit=peer --no-audit --no-fund --ignore-scripts --loglevel=error",
        ],
        commands=[
            f"python3 -m pipeline.evidence.runtime.gather {words}",
            *(f'export {name}="$(cat {_MADE}/{file})"' for name, file in _EXPORTED.items()),
        ],
        timeout=cdk.Duration.minutes(15),
        role=store.writer,
        role_policy_statements=_statements(store, pipeline_name, configuration, list(readers.values())),
    )


def _statements(
    store: EvidenceStore, pipeline_name: str, configuration: Configuration, readers: list[str]
) -> list[iam.PolicyStatement]:
    toolchain = configuration.toolchain
    pipeline = f"arn:aws:codepipeline:{toolchain.region}:{toolchain.account}:{pipeline_name}"
    objects = store.bucket.arn_for_objects("executions/*")
    return [
        iam.PolicyStatement(actions=["sts:AssumeRole"], resources=readers),
        iam.PolicyStatement(
            actions=["codepipeline:GetPipelineState", "codepipeline:ListPipelineExecutions"], resources=[pipeline]
        ),
        iam.PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=[objects]),
        iam.PolicyStatement(actions=["inspector-scan:ScanSbom"], resources=["*"]),
        # To know whether a release has evidence: of what is missing GetObject would say that it may not be read.
        iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[store.bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": ["executions/*"]}},
        ),
    ]


def as_approved_step(
    stage_name: str,
    evidence: pipelines.CodeBuildStep,
    way_back: pipelines.CodeBuildStep,
    source: pipelines.CodePipelineSource,
    assembly: pipelines.IFileSetProducer,
) -> pipelines.CodeBuildStep:
    """Before the stage deploys anything: fails where the artifact is not the one of the evidence."""
    step = pipelines.CodeBuildStep(
        "AsApproved",
        input=source,
        additional_inputs={"cdk.out": assembly},
        env={DIGEST: evidence.exported_variable(DIGEST), WAY_BACK: way_back_of(stage_name)},
        commands=[
            f"python3 -m pipeline.evidence.runtime.check --assembly cdk.out --stage {stage_name} "
            f'--digest "${DIGEST}" --way-back "${WAY_BACK}"'
        ],
        timeout=cdk.Duration.minutes(10),
    )
    step.add_step_dependency(way_back)
    return step
