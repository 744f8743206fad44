"""The environment variables that CodeBuild itself gives a build, and those that it documents and a build here lacks.

It must not know the variables of the project or the buildspec.
Source: CodeBuild user guide, "Environment variables in build environments"; CodePipeline user guide, "AWS CodeBuild
build and test action reference", input artifacts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.codebuild.phases import SUCCEEDING
from rehearsal.codebuild.project import BuildRecord, Project
from rehearsal.codepipeline.actions.action import ArtifactLocation

RESERVED_PREFIX = "CODEBUILD_"
_NO_WEBHOOK = "a pipeline starts the build, and no webhook"
_NO_RUNNER = "it is no self-hosted runner"
# Documented, and not set in a build of a pipeline, with the reason.
NOT_SET: Mapping[str, str] = {
    "CODEBUILD_BATCH_BUILD_IDENTIFIER": "batch builds are refused",
    "CODEBUILD_PUBLIC_BUILD_URL": "there are no public builds",
    "CODEBUILD_RUNNER_OWNER": _NO_RUNNER,
    "CODEBUILD_RUNNER_REPO": _NO_RUNNER,
    "CODEBUILD_RUNNER_REPO_DOMAIN": _NO_RUNNER,
    "CODEBUILD_RUNNER_WITH_BUILDSPEC": _NO_RUNNER,
    **{
        f"CODEBUILD_WEBHOOK_{name}": _NO_WEBHOOK
        for name in (
            "ACTOR_ACCOUNT_ID", "BASE_REF", "EVENT", "HEAD_REF", "JOB_ID", "LABEL", "MERGE_COMMIT", "PREV_COMMIT",
            "RUN_ID", "TRIGGER", "WORKFLOW_NAME",
        )
    },
}  # fmt: skip
# Documented, and another than on AWS: there always /root, here the build's own folder (sandbox.py).
DIFFERENT = frozenset({"HOME"})


@dataclass(frozen=True, kw_only=True)
class BuildPlace:
    """Where a build runs: `pipeline` started it; `started_at` is in Unix seconds."""

    pipeline: str
    account: str
    region: str
    started_at: float


@dataclass(frozen=True)
class BuildSource:
    """An input artifact: its folder, and where it lies in the store, None for a build without one."""

    folder: Path
    location: ArtifactLocation | None = None

    @property
    def version(self) -> str:
        return f"arn:aws:s3:::{self.location.bucket}/{self.location.key}" if self.location else ""


def build_environment(
    project: Project, build: BuildRecord, place: BuildPlace, primary: BuildSource, secondary: Mapping[str, BuildSource]
) -> dict[str, str]:
    """`secondary` are the other input artifacts by name, which is their source identifier.

    AWS_ACCOUNT_ID and CODEBUILD_CI are not documented; builds have them.
    """
    revision = primary.location and primary.location.revision
    return {
        "AWS_DEFAULT_REGION": place.region,
        "AWS_REGION": place.region,
        "AWS_ACCOUNT_ID": place.account,
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_IMAGE": project.image,
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        SUCCEEDING: "1",
        "CODEBUILD_CI": "true",
        "CODEBUILD_INITIATOR": f"codepipeline/{place.pipeline}",
        "CODEBUILD_KMS_KEY_ID": project.encryption_key,
        "CODEBUILD_LOG_PATH": build.id.rsplit(":", 1)[-1],
        "CODEBUILD_PROJECT_ARN": f"{build.arn.partition(':build/')[0]}:project/{project.name}",
        # It is not set where CodePipeline cannot resolve the revision.
        **({"CODEBUILD_RESOLVED_SOURCE_VERSION": revision} if revision else {}),
        "CODEBUILD_SOURCE_REPO_URL": "",  # "may be empty" in a pipeline
        "CODEBUILD_SOURCE_VERSION": primary.version,
        "CODEBUILD_SRC_DIR": str(primary.folder),
        "CODEBUILD_START_TIME": str(int(place.started_at * 1000)),
        **{f"CODEBUILD_SRC_DIR_{name}": str(source.folder) for name, source in secondary.items()},
        **{f"CODEBUILD_SOURCE_VERSION_{name}": source.version for name, source in secondary.items()},
    }
