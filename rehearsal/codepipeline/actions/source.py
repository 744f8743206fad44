"""The source actions: one commit becomes the output artifact, and what its provider tells about it the variables.

It must not fetch anything: the commit was packed before the run began. Which provider the pipeline names decides only
the variables. Source: CodePipeline user guide, "Variables reference" and the reference of each source action.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from rehearsal.codepipeline.actions.action import ActionContext, ActionResult
from rehearsal.errors import Unsupported
from rehearsal.source.commit import Commit

PROVIDERS = frozenset({"CodeStarSourceConnection", "CodeCommit", "GitHub", "S3"})
_CODE_ZIP = "CODE_ZIP"


class SourceAction:
    """Hands `commit` to the pipeline, whichever source provider it names."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit

    def run(self, context: ActionContext) -> ActionResult:
        """Raises Unsupported for an output format other than CODE_ZIP, and for a provider not in PROVIDERS."""
        configuration = context.configuration
        artifact_format = configuration.get("OutputArtifactFormat", _CODE_ZIP)
        if artifact_format != _CODE_ZIP:
            raise Unsupported(
                f"Action {context.declaration.name}: OutputArtifactFormat {artifact_format} is not supported here, "
                f"only {_CODE_ZIP}: the local run packs the files of a commit, not a clone with its history."
            )
        variables = source_variables(context.declaration.action_type.provider, configuration, self._commit)
        for folder in context.outputs.values():
            self._commit.unpack(folder)
        context.output(f"Commit {self._commit.id[:12]} by {self._commit.author}: {self._commit.title}")
        return ActionResult(variables=variables, revision=variables.get("VersionId", self._commit.id))


def source_variables(provider: str, configuration: Mapping[str, str], commit: Commit) -> dict[str, str]:
    """The output variables of `provider`, each as its reference names it."""
    common = {
        "AuthorDate": commit.date,
        "BranchName": configuration.get("BranchName") or configuration.get("Branch") or commit.branch,
        "CommitId": commit.id,
        "CommitMessage": commit.message,
    }
    match provider:
        case "CodeStarSourceConnection":
            return common | {
                "AuthorDisplayName": commit.author,
                "AuthorEmail": commit.author_email,
                "AuthorId": commit.author_email,
                "ConnectionArn": configuration.get("ConnectionArn", ""),
                "FullRepositoryName": configuration.get("FullRepositoryId", ""),
            }
        case "CodeCommit":
            return common | {
                "CommitterDate": commit.committer_date,
                "RepositoryName": configuration.get("RepositoryName", ""),
            }
        case "GitHub":
            owner, repository = configuration.get("Owner", ""), configuration.get("Repo", "")
            return common | {
                "CommitterDate": commit.committer_date,
                "CommitUrl": f"https://api.github.com/repos/{owner}/{repository}/git/commits/{commit.id}",
                "RepositoryName": repository,
            }
        case "S3":
            return {
                "BucketName": configuration.get("S3Bucket", ""),
                "ETag": hashlib.md5(commit.archive, usedforsecurity=False).hexdigest(),
                "ObjectKey": configuration.get("S3ObjectKey", ""),
                "VersionId": commit.id,
            }
        case _:
            raise Unsupported(
                f"Source provider {provider} is not supported here; these are: {', '.join(sorted(PROVIDERS))}."
            )
