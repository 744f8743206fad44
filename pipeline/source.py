"""Where the pipeline takes its commits from: GitHub through a connection, or CodeCommit.

It must not know what is done with the commit.
"""

from __future__ import annotations

from typing import assert_never

from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

from config import AwsEnvironment, CodeCommitSource, GitHubSource
from pipeline.errors import PipelineError

ACTION_NAME = "Commit"


def pipeline_source(scope: Construct, source: GitHubSource | CodeCommitSource) -> pipelines.CodePipelineSource:
    """The source of `source`'s branch; a push to it starts the pipeline, a pull request never does."""
    match source:
        case GitHubSource():
            return pipelines.CodePipelineSource.connection(
                f"{source.owner}/{source.repository}",
                source.branch,
                action_name=ACTION_NAME,
                connection_arn=source.connection_arn,
            )
        case CodeCommitSource():
            repository = codecommit.Repository.from_repository_name(scope, "Repository", source.repository)
            return pipelines.CodePipelineSource.code_commit(repository, source.branch, action_name=ACTION_NAME)
        case _:
            assert_never(source)


def commit_url(source: GitHubSource | CodeCommitSource, toolchain: AwsEnvironment, commit_id: str) -> str:
    """The page that shows what the commit changes."""
    match source:
        case GitHubSource():
            return f"https://github.com/{source.owner}/{source.repository}/commit/{commit_id}"
        case CodeCommitSource():
            console = f"https://{toolchain.region}.console.aws.amazon.com/codesuite/codecommit/repositories"
            return f"{console}/{source.repository}/commit/{commit_id}?region={toolchain.region}"
        case _:
            assert_never(source)


def compare_url(source: GitHubSource | CodeCommitSource) -> str | None:
    """The page with all commits from {before} to {after}; no page of AWS tells the address of CodeCommit's."""
    match source:
        case GitHubSource():
            return f"https://github.com/{source.owner}/{source.repository}/compare/{{before}}...{{after}}"
        case CodeCommitSource():
            return None
        case _:
            assert_never(source)


def grant_use_of_connection(pipeline: codepipeline.Pipeline, connection_arn: str) -> None:
    """Allows the source action the connection under both of the service's names.

    CDK grants `codestar-connections:UseConnection` alone, and IAM wants the prefix of the action to be that of the
    ARN: connections made since July 2024 are `codeconnections`.
    Source: Developer Tools console user guide, "Connections rename".
    """
    roles = [child for child in pipeline.node.find_child("Source").node.find_all() if isinstance(child, iam.Role)]
    if len(roles) != 1:
        raise PipelineError(f"the source stage has {len(roles)} roles: its one action has to have its own")
    roles[0].add_to_principal_policy(
        iam.PolicyStatement(actions=["codeconnections:UseConnection"], resources=[connection_arn])
    )
