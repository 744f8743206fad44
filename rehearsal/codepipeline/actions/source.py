"""The source actions: one commit becomes the output artifact, and what its provider tells about it the variables.

It must not fetch anything: the commit was packed before the run began. Which provider the pipeline names decides the
variables, and what becomes of symbolic links: CodePipeline downloads a repository's files, and a link among them
becomes a text file that holds its target's path. Only a full clone (CODEBUILD_CLONE_REF) keeps it.

Source: CodePipeline user guide, "Variables reference" and the reference of each source action; aws-cdk,
CodeCommitSourceOptions.codeBuildCloneOutput ("retains symlinks"). AWS's own pages do not say what a link becomes; that
it is its text is what users of CodeCommit and GitHub have found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from rehearsal.codepipeline.actions.action import ActionContext, ActionResult
from rehearsal.errors import Unsupported
from rehearsal.source.commit import Commit

PROVIDERS = frozenset({"CodeStarSourceConnection", "CodeCommit", "GitHub", "S3"})
_CODE_ZIP = "CODE_ZIP"
_KEEPS_LINKS = frozenset({"S3"})  # the object is a zip file of the user's own, and handed on as it is
_SHOWN_LINKS = 5


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
        provider = context.declaration.action_type.provider
        variables = source_variables(provider, configuration, self._commit)
        for folder in context.outputs.values():
            self._commit.unpack(folder)
            if provider not in _KEEPS_LINKS and (links := _links_as_text(folder)):
                context.output(f"Symbolic links become text files, as on AWS: {_shown(links)}")
        context.output(f"Commit {self._commit.id[:12]} by {self._commit.author}: {self._commit.title}")
        return ActionResult(variables=variables, revision=variables.get("VersionId", self._commit.id))


def _links_as_text(folder: Path) -> list[str]:
    """Replaces every symbolic link by a file that holds where it led; answers their names."""
    links = sorted(path for path in folder.rglob("*") if path.is_symlink())
    for link in links:
        target = str(link.readlink())
        link.unlink()
        link.write_text(target, encoding="utf-8")
    return [link.relative_to(folder).as_posix() for link in links]


def _shown(names: list[str]) -> str:
    more = len(names) - _SHOWN_LINKS
    return ", ".join(names[:_SHOWN_LINKS]) + (f" and {more} more" if more > 0 else "")


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
