"""The documented variables: each is set, or the table says why not."""

from __future__ import annotations

from pathlib import Path

from rehearsal.codebuild.build_environment import DIFFERENT, NOT_SET, BuildPlace, BuildSource, build_environment
from rehearsal.codebuild.project import BuildRecord, Project
from rehearsal.codepipeline.actions.action import ArtifactLocation

# "Environment variables in build environments", whole; <id> is a secondary source's identifier.
DOCUMENTED = (
    "AWS_DEFAULT_REGION", "AWS_REGION", "CODEBUILD_BATCH_BUILD_IDENTIFIER", "CODEBUILD_BUILD_ARN",
    "CODEBUILD_BUILD_ID", "CODEBUILD_BUILD_IMAGE", "CODEBUILD_BUILD_NUMBER", "CODEBUILD_BUILD_SUCCEEDING",
    "CODEBUILD_INITIATOR", "CODEBUILD_KMS_KEY_ID", "CODEBUILD_LOG_PATH", "CODEBUILD_PROJECT_ARN",
    "CODEBUILD_PUBLIC_BUILD_URL", "CODEBUILD_RESOLVED_SOURCE_VERSION", "CODEBUILD_SOURCE_REPO_URL",
    "CODEBUILD_SOURCE_VERSION", "CODEBUILD_SOURCE_VERSION_<id>", "CODEBUILD_SRC_DIR", "CODEBUILD_SRC_DIR_<id>",
    "CODEBUILD_START_TIME", "CODEBUILD_WEBHOOK_ACTOR_ACCOUNT_ID", "CODEBUILD_WEBHOOK_BASE_REF",
    "CODEBUILD_WEBHOOK_EVENT", "CODEBUILD_WEBHOOK_MERGE_COMMIT", "CODEBUILD_WEBHOOK_PREV_COMMIT",
    "CODEBUILD_WEBHOOK_HEAD_REF", "CODEBUILD_WEBHOOK_TRIGGER", "HOME", "CODEBUILD_RUNNER_OWNER",
    "CODEBUILD_RUNNER_REPO", "CODEBUILD_RUNNER_REPO_DOMAIN", "CODEBUILD_WEBHOOK_LABEL",
    "CODEBUILD_WEBHOOK_RUN_ID", "CODEBUILD_WEBHOOK_JOB_ID", "CODEBUILD_WEBHOOK_WORKFLOW_NAME",
    "CODEBUILD_RUNNER_WITH_BUILDSPEC",
)  # fmt: skip
UNDOCUMENTED = {"AWS_ACCOUNT_ID", "CODEBUILD_CI"}


def environment_of(location: ArtifactLocation | None) -> dict[str, str]:
    return build_environment(
        Project(
            name="Synth",
            buildspec="",
            service_role="",
            variables=(),
            image="aws/codebuild/standard:7.0",
            timeout_minutes=60,
            encryption_key="arn:aws:kms:eu-west-1:111111111111:key/k",
        ),
        BuildRecord(
            id="Synth:b1e6", arn="arn:aws:codebuild:eu-west-1:111111111111:build/Synth:b1e6", number=7, initiator="x"
        ),
        BuildPlace(pipeline="app", account="111111111111", region="eu-west-1", started_at=1.5),
        BuildSource(Path("/src"), location),
        {"lib": BuildSource(Path("/lib"), ArtifactLocation("bucket", "lib.zip", "beef"))},
    )


def test_every_documented_variable_is_set_or_has_a_reason() -> None:
    is_set = environment_of(ArtifactLocation("bucket", "app.zip", "c0ffee")).keys() - UNDOCUMENTED

    assert {name.replace("<id>", "lib") for name in DOCUMENTED} == is_set | NOT_SET.keys() | DIFFERENT
    assert not is_set & (NOT_SET.keys() | DIFFERENT)


def test_build_environment_is_as_documented_for_a_pipeline() -> None:
    environment = environment_of(ArtifactLocation("bucket", "app.zip", "c0ffee"))

    assert (
        environment.items()
        >= {
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": "codepipeline/app",
            "CODEBUILD_LOG_PATH": "b1e6",
            "CODEBUILD_PROJECT_ARN": "arn:aws:codebuild:eu-west-1:111111111111:project/Synth",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": "c0ffee",
            "CODEBUILD_SOURCE_VERSION": "arn:aws:s3:::bucket/app.zip",
            "CODEBUILD_SOURCE_VERSION_lib": "arn:aws:s3:::bucket/lib.zip",
            "CODEBUILD_SRC_DIR": "/src",
            "CODEBUILD_SRC_DIR_lib": "/lib",
            "CODEBUILD_START_TIME": "1500",
        }.items()
    )


def test_build_environment_has_no_resolved_version_when_the_pipeline_cannot_resolve_it() -> None:
    assert "CODEBUILD_RESOLVED_SOURCE_VERSION" not in environment_of(ArtifactLocation("bucket", "app.zip"))
