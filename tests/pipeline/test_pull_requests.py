"""A pull request is checked as a commit is, by a project that can reach nothing of the pipeline."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from app import require_nag
from config import CodeCommitSource, GitHubSource
from pipeline.build import COMMANDS, INSTALL
from pipeline.pull_requests import PullRequests
from tests.assembly import Assembly, Template
from tests.example import REGION, TOOLCHAIN, example_configuration
from tests.pipeline.event_pattern import matches
from tests.synthesis import ROOT, new_app

CODECOMMIT = CodeCommitSource(repository="cars", branch="main")
REPOSITORY = f"arn:aws:codecommit:{REGION}:{TOOLCHAIN.account}:cars"
OPENED = json.loads((ROOT / "tests" / "events" / "codecommit-pull-request-created.json").read_text())


def synthesized(source: GitHubSource | CodeCommitSource, folder: Path) -> Template:
    app = new_app(folder / "cdk.out")
    require_nag(app)
    stack = cdk.Stack(app, "Small", env=cdk.Environment(account=TOOLCHAIN.account, region=REGION))
    PullRequests(stack, "PullRequests", source=source, log_retention_days=30)
    app.synth()
    document = json.loads((folder / "cdk.out" / "Small.template.json").read_text())
    return Template(resources=document["Resources"], outputs={}, document=document)


@pytest.fixture(scope="module")
def of_github(tmp_path_factory: pytest.TempPathFactory) -> Template:
    source = example_configuration().source
    assert isinstance(source, GitHubSource)
    return synthesized(dataclasses.replace(source, branch="release-1.0"), tmp_path_factory.mktemp("github"))


@pytest.fixture(scope="module")
def of_codecommit(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesized(CODECOMMIT, tmp_path_factory.mktemp("codecommit"))


def buildspec(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(template.only("AWS::CodeBuild::Project")["Source"]["BuildSpec"])
    return found


def granted(template: Template) -> set[str]:
    """Every action that the project's role is allowed."""
    (name,) = [name for name, role in template.of_type("AWS::IAM::Role").items() if _trusts_codebuild(role)]
    inline = template.resources[name]["Properties"].get("Policies", [])
    statements = [*template.statements_of(name), *(one for policy in inline for one in _statements(policy))]
    actions = [statement["Action"] for statement in statements]
    return {action for found in actions for action in ([found] if isinstance(found, str) else found)}


def _trusts_codebuild(role: dict[str, Any]) -> bool:
    return "codebuild.amazonaws.com" in json.dumps(role["Properties"]["AssumeRolePolicyDocument"])


def _statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements


@pytest.mark.parametrize("which", ["of_github", "of_codecommit"])
def test_project_runs_the_builds_own_commands_whatever_the_request_says(
    which: str, request: pytest.FixtureRequest
) -> None:
    phases = buildspec(request.getfixturevalue(which))["phases"]

    assert phases["build"]["commands"] == [*INSTALL, *COMMANDS]
    assert phases["install"]["runtime-versions"] == {"python": "3.13", "nodejs": "22"}


@pytest.mark.parametrize("which", ["of_github", "of_codecommit"])
def test_project_has_no_artifacts_cache_or_variables_of_anybodys(which: str, request: pytest.FixtureRequest) -> None:
    project = request.getfixturevalue(which).only("AWS::CodeBuild::Project")

    assert project["Artifacts"] == {"Type": "NO_ARTIFACTS"}
    assert project["Cache"] == {"Type": "NO_CACHE"}
    assert "EnvironmentVariables" not in project["Environment"]
    assert project["Environment"]["PrivilegedMode"] is False


def test_role_may_log_and_read_the_repository(of_github: Template, of_codecommit: Template) -> None:
    log = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}

    assert granted(of_github) - log == {
        "codeconnections:GetConnection",
        "codeconnections:GetConnectionToken",
        "codeconnections:UseConnection",
    }
    assert granted(of_codecommit) - log == {"codecommit:GitPull", "codecommit:PostCommentForPullRequest"}


def test_nobodys_request_is_built_by_itself_who_cannot_write_to_the_repository(of_github: Template) -> None:
    policy = of_github.only("AWS::CodeBuild::Project")["Triggers"]["PullRequestBuildPolicy"]

    assert policy == {
        "RequiresCommentApproval": "ALL_PULL_REQUESTS",
        "ApproverRoles": ["GITHUB_WRITE", "GITHUB_MAINTAIN", "GITHUB_ADMIN"],
    }


def test_webhook_hears_requests_to_the_branch_and_reports_back(of_github: Template) -> None:
    project = of_github.only("AWS::CodeBuild::Project")
    (filters,) = project["Triggers"]["FilterGroups"]

    assert {found["Type"]: found["Pattern"] for found in filters} == {
        "EVENT": "PULL_REQUEST_CREATED, PULL_REQUEST_UPDATED, PULL_REQUEST_REOPENED",
        "BASE_REF": r"refs/heads/release\-1\.0",
    }
    assert project["Source"]["ReportBuildStatus"] is True
    assert project["Source"]["Auth"]["Type"] == "CODECONNECTIONS"


def test_events_of_codecommit_start_the_build_of_the_requests_commit(of_codecommit: Template) -> None:
    rule = of_codecommit.only("AWS::Events::Rule")
    (target,) = rule["Targets"]
    paths = target["InputTransformer"]["InputPathsMap"]

    assert matches(rule["EventPattern"]["detail"], OPENED["detail"])
    assert rule["EventPattern"]["resources"] == OPENED["resources"] == [REPOSITORY]
    assert set(paths.values()) == {"$.detail.sourceCommit", "$.detail.destinationCommit", "$.detail.pullRequestId"}
    assert '"sourceVersion":<detail-sourceCommit>' in target["InputTransformer"]["InputTemplate"]


@pytest.mark.parametrize(
    "detail",
    [
        {"event": "pullRequestStatusChanged", "pullRequestStatus": "Closed"},
        {"destinationReference": "refs/heads/other"},
        {"event": "pullRequestMergeStatusUpdated"},
    ],
)
def test_other_events_of_codecommit_start_nothing(of_codecommit: Template, detail: dict[str, str]) -> None:
    pattern = of_codecommit.only("AWS::Events::Rule")["EventPattern"]["detail"]

    assert not matches(pattern, {**OPENED["detail"], **detail})


@pytest.mark.parametrize(("succeeding", "word"), [("1", "passed"), ("0", "FAILED")])
def test_result_is_commented_on_the_request(
    of_codecommit: Template, tmp_path: Path, succeeding: str, word: str
) -> None:
    # given a program `aws` that writes down what it was asked
    asked = tmp_path / "asked"
    program = tmp_path / "aws"
    program.write_text(f'#!/bin/sh\nfor word in "$@"; do echo "$word" >> {asked}; done\n')
    program.chmod(0o755)
    variables = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "CODEBUILD_BUILD_SUCCEEDING": succeeding,
        "CODEBUILD_BUILD_URL": "https://example.com/build",
        "PULL_REQUEST_ID": "7",
        "REPOSITORY_NAME": "cars",
        "SOURCE_COMMIT": "new",
        "DESTINATION_COMMIT": "old",
    }
    (command,) = buildspec(of_codecommit)["phases"]["post_build"]["commands"]
    # when
    subprocess.run(["/bin/sh", "-c", command], env=variables, check=True)
    # then
    words = asked.read_text().splitlines()
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert words[:2] == ["codecommit", "post-comment-for-pull-request"]
    assert options == {
        "--pull-request-id": "7",
        "--repository-name": "cars",
        "--before-commit-id": "old",
        "--after-commit-id": "new",
        "--content": f"The build of new {word}: https://example.com/build",
    }


def test_pipeline_has_no_such_project_unless_the_configuration_wants_it(assembly: Assembly) -> None:
    sources = [
        project["Properties"]["Source"]["Type"]
        for project in assembly.pipeline_template.of_type("AWS::CodeBuild::Project").values()
    ]

    assert set(sources) <= {"CODEPIPELINE", "NO_SOURCE"}
