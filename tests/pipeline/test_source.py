"""Where commits come from: GitHub by default, CodeCommit by a setting."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions, pipelines

from config import AwsEnvironment, CodeCommitSource, GitHubSource
from pipeline.errors import PipelineError
from pipeline.source import commit_url, grant_use_of_connection, pipeline_source
from tests.assembly import Template

TOOLCHAIN = AwsEnvironment(account="111111111111", region="eu-west-1")
CODE_COMMIT = CodeCommitSource(repository="cars", branch="release")


def test_source_is_the_branch_on_github_through_the_connection(stages: dict[str, dict[str, Any]]) -> None:
    (action,) = stages["Source"]["Actions"]
    assert action["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
    assert action["Configuration"]["FullRepositoryId"] == "acme/autonomous-car-manager"
    assert action["Configuration"]["BranchName"] == "main"


def test_source_action_may_use_the_connection_under_both_names_of_the_service(
    template: Template, stages: dict[str, dict[str, Any]]
) -> None:
    # given
    (action,) = stages["Source"]["Actions"]
    statements = template.statements_of(action["RoleArn"]["Fn::GetAtt"][0])
    # when
    granted = {name for statement in statements for name in statement["Action"] if "UseConnection" in name}
    resources = [s["Resource"] for s in statements if "codeconnections:UseConnection" in s["Action"]]
    # then
    assert granted == {"codeconnections:UseConnection", "codestar-connections:UseConnection"}
    assert resources == [action["Configuration"]["ConnectionArn"]]


def test_source_is_codecommit_when_the_configuration_says_so() -> None:
    # given
    stack = cdk.Stack(cdk.App(), "Small", env=cdk.Environment(account=TOOLCHAIN.account, region=TOOLCHAIN.region))
    synth = pipelines.ShellStep("Synth", input=pipeline_source(stack, CODE_COMMIT), commands=["true"])
    # when
    pipelines.CodePipeline(stack, "Pipeline", synth=synth).build_pipeline()
    # then
    (pipeline,) = assertions.Template.from_stack(stack).find_resources("AWS::CodePipeline::Pipeline").values()
    (action,) = pipeline["Properties"]["Stages"][0]["Actions"]
    assert action["ActionTypeId"]["Provider"] == "CodeCommit"
    assert action["Configuration"]["RepositoryName"] == "cars"
    assert action["Configuration"]["BranchName"] == "release"
    assert action["Configuration"]["PollForSourceChanges"] is False


def test_grant_is_refused_when_there_is_no_source_action_with_a_role() -> None:
    stack = cdk.Stack(cdk.App(), "Small")
    source = pipelines.CodePipelineSource.connection("owner/repository", "main", connection_arn="arn:connection")
    built = pipelines.CodePipeline(
        stack,
        "Pipeline",
        synth=pipelines.ShellStep("Synth", input=source, commands=["true"]),
        use_pipeline_role_for_actions=True,
    )
    built.build_pipeline()
    with pytest.raises(PipelineError, match="the source stage has 0 roles"):
        grant_use_of_connection(built.pipeline, "arn:connection")


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (
            GitHubSource(
                owner="acme",
                repository="cars",
                branch="main",
                connection_arn="arn:aws:codeconnections:eu-west-1:111111111111:connection/1",
            ),
            "https://github.com/acme/cars/commit/c0ffee",
        ),
        (
            CODE_COMMIT,
            "https://eu-west-1.console.aws.amazon.com/codesuite/codecommit/repositories/cars/commit/c0ffee?region=eu-west-1",
        ),
    ],
)
def test_commit_url_is_the_page_of_the_commit(source: GitHubSource | CodeCommitSource, url: str) -> None:
    assert commit_url(source, TOOLCHAIN, "c0ffee") == url
