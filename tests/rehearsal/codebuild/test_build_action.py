"""Whole builds: a real shell runs a project's buildspec; AWS and the sandbox's Python are fakes."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.codebuild.build_action import CodeBuildAction
from rehearsal.codebuild.sandbox import Sandbox
from rehearsal.codebuild.shell import StartProcess
from rehearsal.codepipeline.actions.action import ArtifactLocation
from rehearsal.errors import ActionFailed, Unsupported
from rehearsal.run_events import BuildCommandStarted, BuildPhaseStarted, Notice
from tests.rehearsal.codepipeline.actions.fake_context import ContextMaker

ROLE = "arn:aws:iam::111111111111:role/project"
SECRET = "correct-horse"


def bare_sandbox(folder: Path, *, cache: Path, start: StartProcess, egress: Mapping[str, str]) -> Sandbox:
    """A home and the machine's PATH, without a Python of its own."""
    (folder / "home").mkdir(parents=True)
    (folder / "shell").mkdir()
    environment = {"HOME": str(folder / "home"), "PATH": os.environ["PATH"]}
    return Sandbox(folder / "home", folder / "shell", environment)


class FakeCodeBuild:
    def __init__(self, buildspec: str, **more: Any) -> None:
        self.started: list[dict[str, Any]] = []
        self._project = {
            "name": "Synth",
            "serviceRole": ROLE,
            "source": {"type": "CODEPIPELINE", "buildspec": buildspec},
            "environment": {"image": "aws/codebuild/standard:7.0", "environmentVariables": []},
            "timeoutInMinutes": 60,
            **more,
        }

    def batch_get_projects(self, *, names: list[str]) -> dict[str, Any]:
        return {"projects": [self._project] if names == ["Synth"] else []}

    def start_build(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        arn = "arn:aws:codebuild:eu-west-1:111111111111:build/Synth:abc"
        return {"build": {"id": "Synth:abc", "arn": arn, "buildNumber": 7, "initiator": "x"}}


class FakeCloudFormation:
    """One stack, which made the project."""

    def __init__(self, cache: dict[str, Any]) -> None:
        self._template = {"Resources": {"Project": {"Properties": {"Cache": cache}}}}

    def get_paginator(self, operation: str) -> Any:
        summary = {
            "ResourceType": "AWS::CodeBuild::Project",
            "PhysicalResourceId": "Synth",
            "LogicalResourceId": "Project",
        }
        page = {"Stacks": [{"StackName": "app"}], "StackResourceSummaries": [summary]}
        return SimpleNamespace(paginate=lambda **_: [page])

    def get_template(self, *, StackName: str) -> dict[str, Any]:
        return {"TemplateBody": self._template}


class FakeParameters:
    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:
        return {"Parameter": {"Name": Name, "Value": SECRET}}


class FakeIam:
    """All may do everything."""

    def simulate_principal_policy(self, **request: Any) -> dict[str, Any]:
        return {"EvaluationResults": [{"EvalDecision": "allowed"}]}


def spec(*commands: str, **more: Any) -> str:
    return json.dumps({"version": "0.2", "phases": {"build": {"commands": list(commands)}}, **more}, indent=2)


def notices(make_context: ContextMaker) -> list[str]:
    return [event.text for event in make_context.cloud.event_log.events if isinstance(event, Notice)]


@pytest.fixture
def action(tmp_path: Path) -> CodeBuildAction:
    return CodeBuildAction(tmp_path / "cache", local_caches=tmp_path / "local", make_sandbox=bare_sandbox)


def test_run_builds_in_the_source_and_leaves_the_artifact(make_context: ContextMaker, action: CodeBuildAction) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(
        spec("mkdir out", "cat source.txt > out/result.txt", artifacts={"base-directory": "out", "files": "**/*"})
    )
    context = make_context({"ProjectName": "Synth"}, inputs={"Source": {"source.txt": "hello"}}, outputs=("Built",))

    result = action.run(context)

    assert (context.outputs["Built"] / "result.txt").read_text() == "hello"
    assert result.variables == {}
    assert "[Container] Phase complete: BUILD State: SUCCEEDED" in make_context.lines


def test_run_starts_the_build_with_the_actions_overrides_and_runs_as_the_projects_role(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    codebuild = make_context.clients["codebuild"] = FakeCodeBuild(spec("true"))
    variables = [{"name": "A", "type": "PLAINTEXT", "value": "1"}]
    context = make_context(
        {"ProjectName": "Synth", "EnvironmentVariables": json.dumps(variables)},
        inputs={"Source": {}},
        locations={"Source": ArtifactLocation("bucket", "key/x", "c0ffee")},
    )

    action.run(context)

    assert codebuild.started == [
        {
            "projectName": "Synth",
            "environmentVariablesOverride": [{"name": "A", "value": "1", "type": "PLAINTEXT"}],
            "sourceVersion": "arn:aws:s3:::bucket/key/x",
        }
    ]
    assert make_context.cloud.clients.assumed == [ROLE]


def test_run_gives_the_build_codebuilds_variables_and_nothing_of_the_user(
    make_context: ContextMaker, action: CodeBuildAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_USER", "private")
    make_context.clients["codebuild"] = FakeCodeBuild(spec("env > environment.txt", "pwd -P > pwd.txt"))
    context = make_context(
        {
            "ProjectName": "Synth",
            "PrimarySource": "Second",
            "EnvironmentVariables": '[{"name": "API_URL", "value": "https://api.amazonaws.com/prod/"}]',
        },
        inputs={"First": {}, "Second": {}},
        locations={"Second": ArtifactLocation("bucket", "key/x", "c0ffee")},
    )

    action.run(context)

    source = context.inputs["Second"]
    environment = dict(line.split("=", 1) for line in (source / "environment.txt").read_text().splitlines())
    assert (source / "pwd.txt").read_text().strip() == str(source.resolve())
    assert (
        environment.items()
        >= {
            "API_URL": "http://127.0.0.1:1/api/prod/",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AWS_REGION": "eu-west-1",
            "CODEBUILD_BUILD_ID": "Synth:abc",
            "CODEBUILD_BUILD_NUMBER": "7",
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": "codepipeline/Release",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": "c0ffee",
            "CODEBUILD_SOURCE_VERSION": "arn:aws:s3:::bucket/key/x",
            "CODEBUILD_SRC_DIR": str(source),
            "CODEBUILD_SRC_DIR_First": str(context.inputs["First"]),
            "HOME": str(context.work / "build" / "home"),
        }.items()
    )
    assert environment.keys().isdisjoint({"OF_THE_USER", "AWS_CONFIG_FILE", "CODEBUILD_SRC_DIR_Second"})


def test_run_exports_what_the_buildspec_names_but_no_secret(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    make_context.clients.update(iam=FakeIam(), ssm=FakeParameters())
    make_context.clients["codebuild"] = FakeCodeBuild(
        spec(
            "export VERSION=1.2.3",
            env={"parameter-store": {"TOKEN": "/token"}, "exported-variables": ["VERSION", "TOKEN", "NEVER_SET"]},
        )
    )

    result = action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    assert result.variables == {"VERSION": "1.2.3"}


def test_run_masks_secrets_and_credentials_in_output_log_and_reason(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    make_context.clients.update(iam=FakeIam(), ssm=FakeParameters())
    make_context.clients["codebuild"] = FakeCodeBuild(
        spec("echo $TOKEN; env", f"echo {SECRET} && false", env={"parameter-store": {"TOKEN": "/token"}})
    )

    with pytest.raises(ActionFailed) as caught:
        action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    log = next((make_context.cloud.home / "logs" / "codebuild").iterdir()).read_text()
    assert log.splitlines() == make_context.lines
    for text in (log, caught.value.reason):
        assert "***" in text
        assert not any(secret in text for secret in (SECRET, "ASIAROLE", "s3cr3t"))


def test_run_tells_each_phase_and_command_as_it_begins_without_secrets(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    make_context.clients.update(iam=FakeIam(), ssm=FakeParameters())
    phases = {"install": {"commands": ["true"]}, "build": {"commands": [f"echo {SECRET}"]}}
    make_context.clients["codebuild"] = FakeCodeBuild(
        json.dumps({"version": "0.2", "phases": phases, "env": {"parameter-store": {"TOKEN": "/token"}}})
    )

    action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    told = [
        (event.phase, event.command if isinstance(event, BuildCommandStarted) else None)
        for event in make_context.cloud.event_log.events
        if isinstance(event, BuildPhaseStarted | BuildCommandStarted)
    ]
    assert told == [("INSTALL", None), ("INSTALL", "true"), ("BUILD", None), ("BUILD", "echo ***")]


@pytest.mark.parametrize(
    ("command", "gate"), [("pytest --version && false", "unit-tests"), ("cdk synth", "synth"), ("exit 4", None)]
)
def test_run_names_phase_command_exit_code_and_gate_when_a_command_fails(
    make_context: ContextMaker, action: CodeBuildAction, command: str, gate: str | None
) -> None:
    fake_cdk = "cdk() { return 4; }; pytest() { return 4; }"
    make_context.clients["codebuild"] = FakeCodeBuild(spec(fake_cdk, command))

    with pytest.raises(ActionFailed) as caught:
        action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    assert caught.value.reason == f"BUILD: `{command}` ended with exit code 4."
    assert caught.value.gate == gate


def test_run_gives_the_failing_commands_last_words_and_not_those_of_a_later_one(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    phases = {
        "build": {"commands": ["echo; echo 1 failed, 2 passed; echo; exit 1"]},
        "post_build": {"commands": ["echo bye"]},
    }
    make_context.clients["codebuild"] = FakeCodeBuild(json.dumps({"version": "0.2", "phases": phases}))

    with pytest.raises(ActionFailed, match=r"ended with exit code 1\. It said last: 1 failed, 2 passed$"):
        action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))


def test_run_names_the_tests_that_failed_without_its_secrets(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    summary = "== short test summary info ==\\nFAILED a.py::test_b[ASIAROLE] - assert 1 == 2\\n1 failed in 0.1s"
    make_context.clients["codebuild"] = FakeCodeBuild(spec(f"printf '{summary}\\n'; exit 1"))

    with pytest.raises(ActionFailed) as caught:
        action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    failed, said = "a.py::test_b[***] - assert 1 == 2", "1 failed in 0.1s"
    assert caught.value.reason.endswith(f" ended with exit code 1. Failed: {failed}. It said last: {said}")


def test_run_tells_post_build_that_the_build_failed(make_context: ContextMaker, action: CodeBuildAction) -> None:
    phases = {"build": {"commands": ["false"]}, "post_build": {"commands": ["echo $CODEBUILD_BUILD_SUCCEEDING"]}}
    make_context.clients["codebuild"] = FakeCodeBuild(json.dumps({"version": "0.2", "phases": phases}))

    with pytest.raises(ActionFailed, match=r"BUILD: `false` ended with exit code 1\."):
        action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    assert "0" in make_context.lines


@pytest.mark.parametrize("version", ["0.1", "0.2"])
@pytest.mark.parametrize("phase", ["install", "pre_build", "build"])
def test_run_tells_finally_and_later_phases_that_a_phase_failed_though_it_may(
    make_context: ContextMaker, action: CodeBuildAction, phase: str, version: str
) -> None:
    failing = {
        "on-failure": "CONTINUE",
        "commands": ["echo first $CODEBUILD_BUILD_SUCCEEDING", "exit 3"],
        "finally": ["echo finally $CODEBUILD_BUILD_SUCCEEDING"],
    }
    phases = {phase: failing, "post_build": {"commands": ["echo last $CODEBUILD_BUILD_SUCCEEDING"]}}
    make_context.clients["codebuild"] = FakeCodeBuild(json.dumps({"version": version, "phases": phases}))

    action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    said = [line for line in make_context.lines if not line.startswith("[Container]")]
    assert said == ["first 1", "finally 0", "last 0"]


@pytest.mark.parametrize("is_checked", [True, False])
def test_run_tells_of_the_failure_that_a_buildspec_lets_pass(
    make_context: ContextMaker, action: CodeBuildAction, is_checked: bool
) -> None:
    # given tests that fail and may, and a last command that looks at it or does not
    phases = {
        "build": {"on-failure": "CONTINUE", "commands": ["pytest() { echo 1 failed; return 1; }", "pytest"]},
        "post_build": {"commands": ['test "$CODEBUILD_BUILD_SUCCEEDING" = 1' if is_checked else "true"]},
    }
    make_context.clients["codebuild"] = FakeCodeBuild(json.dumps({"version": "0.2", "phases": phases}))
    context = make_context({"ProjectName": "Synth"}, inputs={"Source": {}})
    cause = "BUILD: `pytest` ended with exit code 1. It said last: 1 failed"

    # when, then
    if is_checked:
        with pytest.raises(ActionFailed, match=f"^POST_BUILD: .* Before, {cause}$") as caught:
            action.run(context)
        assert caught.value.gate == "unit-tests"
    else:
        action.run(context)
        assert notices(make_context) == [
            f"Build/Action goes on, for its buildspec lets a failure pass (on-failure: CONTINUE). {cause}"
        ]


PROMOTES_IF_SUCCEEDING = 'if [ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ]; then touch promoted; fi'


@pytest.mark.parametrize(
    ("smoke_test", "then", "is_promoted", "reason"),
    [
        ("true", PROMOTES_IF_SUCCEEDING, True, None),
        ("false", PROMOTES_IF_SUCCEEDING, False, None),  # nothing is promoted, and the build is not failed by it
        ("false", 'test "$CODEBUILD_BUILD_SUCCEEDING" = 1 && touch promoted', False, "POST_BUILD: `test "),
    ],
)
def test_run_promotes_nothing_when_the_smoke_test_fails_under_continue(
    make_context: ContextMaker,
    action: CodeBuildAction,
    smoke_test: str,
    then: str,
    is_promoted: bool,
    reason: str | None,
) -> None:
    # given
    phases = {
        "build": {"commands": [smoke_test], "on-failure": "CONTINUE"},
        "post_build": {"commands": [then]},
    }
    make_context.clients["codebuild"] = FakeCodeBuild(json.dumps({"version": "0.2", "phases": phases}))
    context = make_context({"ProjectName": "Synth"}, inputs={"Source": {}})

    # when
    with pytest.raises(ActionFailed, match=reason) if reason else contextlib.nullcontext():
        action.run(context)

    # then
    assert (context.inputs["Source"] / "promoted").exists() is is_promoted


def test_run_exports_no_credential_of_the_build_under_any_name(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(
        spec(
            'export COPY="token: $AWS_SESSION_TOKEN" AWS_MINE=1 REGION=$AWS_REGION',
            env={"exported-variables": ["AWS_SESSION_TOKEN", "AWS_MINE", "COPY", "REGION"]},
        )
    )

    result = action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    assert result.variables == {"REGION": "eu-west-1"}
    assert "[Container] COPY is not exported: it holds a credential of the build." in make_context.lines
    assert any("AWS_MINE of a buildspec's exported-variables" in text for text in notices(make_context))


def test_run_keeps_codebuilds_variables_and_lets_a_project_set_all_others(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(
        spec(
            "echo $CODEBUILD_BUILD_SUCCEEDING $AWS_DEFAULT_REGION $AWS_ACCESS_KEY_ID",
            env={
                "variables": {
                    "CODEBUILD_BUILD_SUCCEEDING": "yes",
                    "AWS_DEFAULT_REGION": "us-west-2",
                    "AWS_ACCESS_KEY_ID": "AKIDOFANOTHER",
                }
            },
        )
    )

    action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    assert "1 us-west-2 ***" in make_context.lines
    (notice,) = notices(make_context)
    assert "CODEBUILD_BUILD_SUCCEEDING of a build keeps CodeBuild's value" in notice


def test_run_fails_in_codebuilds_words_when_a_second_input_has_no_name_for_an_identifier(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    codebuild = make_context.clients["codebuild"] = FakeCodeBuild(spec("true"))
    context = make_context({"ProjectName": "Synth", "PrimarySource": "my-app"}, inputs={"my-app": {}, "my-lib": {}})

    with pytest.raises(ActionFailed, match=r"must contain only alphanumeric characters and underscores.*my-lib"):
        action.run(context)

    assert codebuild.started == []


def test_run_refuses_a_buildspec_that_is_good_and_cannot_run_here(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(spec("dir", env={"shell": "cmd.exe"}))

    with pytest.raises(Unsupported, match=r"The buildspec of project Synth cannot be run here: env/shell cmd\.exe"):
        action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))


def test_run_fails_when_the_promised_artifact_is_not_there(make_context: ContextMaker, action: CodeBuildAction) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(spec("true", artifacts={"files": "cdk.out/**/*"}))

    with pytest.raises(ActionFailed, match="UPLOAD_ARTIFACTS: no matching artifact paths found"):
        action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}, outputs=("Out",)))


@pytest.mark.parametrize("name", ["", "ci/spec.yml"])
def test_run_reads_the_buildspec_from_the_source_when_the_project_has_none_of_its_own(
    make_context: ContextMaker, action: CodeBuildAction, name: str
) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(name)
    text = "version: 0.2\nphases:\n  build:\n    commands:\n      - echo from a file\n"

    action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {name or "buildspec.yml": text}}))

    assert "from a file" in make_context.lines


@pytest.mark.parametrize(
    ("buildspec", "words"),
    [
        (
            "version: 0.2\nphases: {biuld: {}}",
            "YAML_FILE_ERROR: the buildspec of project Synth is wrong: invalid phase",
        ),
        ("missing.yml", "needs the buildspec file missing.yml in its source"),
    ],
)
def test_run_fails_before_it_starts_anything_when_the_buildspec_is_bad(
    make_context: ContextMaker, action: CodeBuildAction, buildspec: str, words: str
) -> None:
    codebuild = make_context.clients["codebuild"] = FakeCodeBuild(buildspec)

    with pytest.raises(ActionFailed, match=words):
        action.run(make_context({"ProjectName": "Synth"}, inputs={"Source": {}}))

    assert codebuild.started == []


def test_run_fails_when_the_action_names_no_primary_source_of_several(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(spec("true"))

    with pytest.raises(ActionFailed, match="input artifacts A, B; PrimarySource must name one"):
        action.run(make_context({"ProjectName": "Synth"}, inputs={"A": {}, "B": {}}))


def test_run_fails_when_the_variables_of_the_action_are_not_json(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(spec("true"))

    with pytest.raises(ActionFailed, match="EnvironmentVariables of the action is 'A=1'"):
        action.run(make_context({"ProjectName": "Synth", "EnvironmentVariables": "A=1"}, inputs={"S": {}}))


def test_run_fails_when_there_is_no_such_project(make_context: ContextMaker, action: CodeBuildAction) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(spec("true"))

    with pytest.raises(ActionFailed, match="no CodeBuild project Other"):
        action.run(make_context({"ProjectName": "Other"}, inputs={"S": {}}))


def test_run_refuses_a_batch_build(make_context: ContextMaker, action: CodeBuildAction) -> None:
    with pytest.raises(Unsupported, match="BatchEnabled"):
        action.run(make_context({"ProjectName": "Synth", "BatchEnabled": "true"}, inputs={"S": {}}))


@pytest.mark.parametrize(("of_the_action", "minutes"), [(None, 30), (20, 20)])
def test_run_ends_a_build_that_takes_longer_than_it_may(
    make_context: ContextMaker, tmp_path: Path, of_the_action: int | None, minutes: int
) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(spec("sleep 60"), timeoutInMinutes=30)
    quarters = itertools.count(step=15 * 60)
    action = CodeBuildAction(
        tmp_path / "cache", local_caches=tmp_path / "local", make_sandbox=bare_sandbox, monotonic=lambda: next(quarters)
    )

    with pytest.raises(ActionFailed, match=f"timed out after {minutes} minutes"):
        action.run(make_context({"ProjectName": "Synth"}, inputs={"S": {}}, timeout_minutes=of_the_action))


def test_run_leaves_a_local_cache_to_the_next_build_of_its_project_alone(
    make_context: ContextMaker, tmp_path: Path
) -> None:
    # given builds of one action's name in two projects, which share a folder of packages
    make_context.clients["cloudformation"] = FakeCloudFormation({"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]})
    make_context.clients["codebuild"] = FakeCodeBuild(
        spec("ls kept > found.txt || true", "mkdir -p kept", "touch kept/file", cache={"paths": ["kept/**/*"]})
    )

    # when each builds, and the first once more
    found = []
    for name, project in (("First", "one"), ("Second", "another"), ("Third", "one")):
        action = CodeBuildAction(tmp_path / "cache", local_caches=tmp_path / project, make_sandbox=bare_sandbox)
        context = make_context({"ProjectName": "Synth"}, inputs={name: {}})
        action.run(context)
        found.append((context.inputs[name] / "found.txt").read_text())
        shutil.rmtree(context.work / "build")

    # then
    assert found == ["", "", "file\n"]


def test_run_keeps_no_cache_for_a_project_without_one(make_context: ContextMaker, tmp_path: Path) -> None:
    # given
    make_context.clients["cloudformation"] = FakeCloudFormation({"Type": "NO_CACHE"})
    make_context.clients["codebuild"] = FakeCodeBuild(
        spec("ls kept > found.txt || true", "mkdir -p kept", "touch kept/file", cache={"paths": ["kept/**/*"]})
    )

    # when
    for name in ("First", "Second"):
        action = CodeBuildAction(tmp_path / "cache", local_caches=tmp_path / "local", make_sandbox=bare_sandbox)
        context = make_context({"ProjectName": "Synth"}, inputs={name: {}})
        action.run(context)
        shutil.rmtree(context.work / "build")

    # then
    assert (context.inputs["Second"] / "found.txt").read_text() == ""


def test_run_ends_a_build_when_the_run_stops(make_context: ContextMaker, action: CodeBuildAction) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(spec("sleep 60"))
    make_context.is_stopped = True

    with pytest.raises(ActionFailed, match="The build was stopped"):
        action.run(make_context({"ProjectName": "Synth"}, inputs={"S": {}}))


def test_run_notices_once_what_a_buildspec_asks_for_and_does_not_get(
    make_context: ContextMaker, action: CodeBuildAction
) -> None:
    make_context.clients["codebuild"] = FakeCodeBuild(spec("true", reports={"unit": {"files": ["x"]}}))

    action.run(make_context({"ProjectName": "Synth"}, inputs={"One": {}}))
    action._make_sandbox = lambda folder, **options: bare_sandbox(folder.parent / "two", **options)
    action.run(make_context({"ProjectName": "Synth"}, inputs={"Two": {}}))

    (notice,) = notices(make_context)
    assert notice.startswith("CodeBuild: reports of a buildspec is not done here: ")
