"""Bad input gets one clear message and exit code 2, before anything starts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal import cli
from rehearsal.cli import EXIT_CODES, main
from rehearsal.codepipeline.actions.approval import Approvals
from rehearsal.ending import NOT_STARTED, Ending, StageEnding
from rehearsal.errors import EngineError
from rehearsal.rehearsal import approve
from rehearsal.report import Report, Result, StageReport
from rehearsal.run_events import Status
from tests.rehearsal.cases import case
from tests.rehearsal.console.pseudo_terminal import PseudoTerminal

NODE_TOOLS = Path(__file__).parents[2] / "node_modules" / ".bin"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with a CDK CLI on its PATH, and a cache of its own."""
    monkeypatch.setenv("PATH", f"{NODE_TOOLS}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))


def project(folder: Path, *, is_repository: bool = True) -> Path:
    """A project whose app fails with a message of its own, and says where jsii keeps what it unpacks."""
    folder.mkdir()
    app = "echo the app is broken >&2; echo jsii: $JSII_RUNTIME_PACKAGE_CACHE_ROOT >&2; exit 1"
    (folder / "cdk.json").write_text(json.dumps({"app": app}))
    if is_repository:
        for command in (
            ["init", "-q"],
            ["add", "-A"],
            ["-c", "user.name=n", "-c", "user.email=e@e", "commit", "-qm", "first"],
        ):
            subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def run(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr().out


def test_run_names_the_folder_when_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, output = run("run", "--approve", "--project", tmp_path / "nowhere", capsys=capsys)

    assert code == 2
    assert "There is no folder" in output
    assert "--project DIR" in output


def test_run_says_what_a_project_needs_when_the_folder_holds_no_app(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, output = run("run", "--approve", "--project", tmp_path, capsys=capsys)

    assert code == 2
    assert "there is no cdk.json" in output


def test_run_needs_a_git_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path / "project", is_repository=False)

    code, output = run("run", "--approve", "--project", folder, capsys=capsys)

    assert code == 2
    assert "git init" in output


def test_run_shows_the_words_of_the_app_when_it_does_not_synthesize(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"

    code, output = run(
        "run", "--approve", "--project", project(tmp_path / "project"), "--report", report, capsys=capsys
    )

    assert code == 2
    assert "the app is broken" in output
    assert "nothing was started" in output
    assert f"jsii: {tmp_path / 'caches' / 'rehearsal' / 'codebuild' / 'jsii'}" in output, "it is what builds keep"
    assert json.loads(report.read_text())["result"] == "Errored"


def test_run_says_which_patch_does_not_apply(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patch = tmp_path / "bad.patch"
    patch.write_text("--- a/nothing\n+++ b/nothing\n@@ -1 +1 @@\n-a\n+b\n")

    code, output = run("run", "--approve", "--project", project(tmp_path / "project"), "--patch", patch, capsys=capsys)

    assert code == 2
    assert "bad.patch does not apply" in output
    assert "Synthesizing" not in output, "the patch is tried before any work is done"


def test_run_refuses_a_report_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")

    code, output = run("run", "--approve", "--report", tmp_path / "file" / "report.json", capsys=capsys)

    assert code == 2
    assert "report cannot be written" in output


def test_run_refuses_a_cache_that_cannot_be_written_before_it_does_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    code, output = run("run", "--approve", "--project", project(tmp_path / "project"), capsys=capsys)

    assert code == 2
    assert f"The cache {tmp_path / 'file' / 'rehearsal'} cannot be written" in output
    assert "set XDG_CACHE_HOME" in output
    assert "Synthesizing" not in output


def test_run_says_which_command_brings_a_cdk_cli_when_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a machine with node and git alone
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("node", "git"):
        (programs / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(programs))

    # when
    code, output = run("run", "--approve", "--project", project(tmp_path / "project"), capsys=capsys)

    # then
    assert code == 2
    assert "npm install --save-dev aws-cdk" in output


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_run_refuses_a_port_that_is_none(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", "--port", port])

    assert caught.value.code == 2
    assert f"'{port}' is not a port" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--account", "1234", "an account is 12 digits"), ("--region", "Ireland", 'a region is named as "eu-west-1" is')],
)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_account_and_region_are_refused_when_they_are_none(
    command: str, option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, option, value])

    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_plan_puts_what_names_no_environment_where_options_and_settings_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(case("v1-change-sets"), tmp_path / "cdk.out")
    (tmp_path / "rehearsal.toml").write_text('account = "222222222222"\nregion = "eu-west-1"\n')

    code, output = run("plan", "--project", tmp_path, "--region", "eu-west-3", capsys=capsys)

    assert code == 0
    assert "222222222222/eu-west-3" in output


def test_settings_that_mean_nothing_are_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project(tmp_path / "project")
    (folder / "rehearsal.toml").write_text('acount = "222222222222"\n')

    code, output = run("run", "--approve", "--project", folder, capsys=capsys)

    assert code == 2
    assert "the key acount, which means nothing" in output
    assert "Synthesizing" not in output


def test_exit_codes_tell_a_gate_from_an_error() -> None:
    assert EXIT_CODES == {Result.RELEASED: 0, Result.STOPPED: 1, Result.ERRORED: 2}


def test_unexpected_error_is_no_gate_and_leaves_a_report_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **options: object) -> object:
        raise PermissionError("no space for you")

    monkeypatch.setattr(cli, "Rehearsal", broken)
    report = tmp_path / "report.json"

    code, output = run("run", "--approve", "--report", report, capsys=capsys)

    assert code == 2
    assert "no space for you" in output
    assert "not of the commit" in output
    assert json.loads(report.read_text())["result"] == "Errored"


def test_run_refuses_a_patch_that_needs_what_is_not_here_before_it_releases_what_was_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a project whose "app" copies an assembly, and a patch that makes it copy one that cannot be run
    folder = project(tmp_path / "project")
    app = json.dumps({"app": f"mkdir -p $CDK_OUTDIR && cp -r {case('three-accounts')}/. $CDK_OUTDIR"})
    patch = tmp_path / "canary.patch"
    (folder / "cdk.json").write_text(app.replace("three-accounts", "unsupported"))
    patch.write_text(subprocess.check_output(["git", "diff"], cwd=folder, text=True))

    # when
    code, output = run("run", "--approve", "--project", folder, "--patch", patch, capsys=capsys)

    # then
    assert code == 2
    assert "parameterName=/looked/up" in output
    assert "The local AWS answers" not in output


@pytest.mark.parametrize("speed", ["0", "-3", "fast", "nan"])
def test_run_refuses_a_speed_that_is_none(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", "--speed", speed])

    assert caught.value.code == 2
    assert speed in capsys.readouterr().err


def test_plan_draws_a_cloud_assembly_without_running_anything(capsys: pytest.CaptureFixture[str]) -> None:
    code, output = run("plan", "--project", case("three-accounts"), capsys=capsys)

    assert code == 0
    assert "Staging-Api in 222222222222" in output
    assert "┌─ Staging" in output


def test_plan_reads_the_cdk_out_of_a_folder_that_has_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(case("three-accounts"), tmp_path / "cdk.out")

    code, output = run("plan", "--project", tmp_path, capsys=capsys)

    assert code == 0
    assert "Pipeline app (stack Pipe)" in output


@pytest.mark.parametrize("is_writable", [True, False])
def test_plan_uses_the_cache_that_it_can_write(
    is_writable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    if not is_writable:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    code, output = run("plan", "--project", project(tmp_path / "project", is_repository=False), capsys=capsys)

    assert code == 2
    assert "the app is broken" in output
    assert (f"jsii: {tmp_path / 'caches' / 'rehearsal' / 'codebuild' / 'jsii'}" in output) is is_writable


def test_plan_ends_with_an_error_and_every_reason_when_something_is_unsupported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, output = run("plan", "--project", case("unsupported"), capsys=capsys)

    assert code == 2
    assert "resource type AWS::Synthetics::Canary" in output
    assert "rule Odd/BeforeEntry/Window" in output


def test_plan_takes_the_pipeline_that_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    refused, output = run("plan", "--project", case("two-pipelines"), capsys=capsys)
    assert refused == 2
    assert "--pipeline NAME" in output

    code, output = run("plan", "--project", case("two-pipelines"), "--pipeline", "green", capsys=capsys)
    assert code == 0
    assert "Pipeline green" in output


class EndedRehearsal(nullcontext[None]):
    """A rehearsal whose release is ended in its second stage."""

    def __init__(self, end: Callable[[], object], logs: Path) -> None:
        super().__init__()
        self._end = end
        self.logs = logs
        self.approvals = Approvals(approve)

    def require_commit(self, **_: object) -> None: ...

    def require_plan(self, **_: object) -> None: ...

    def release(self, **_: object) -> Report:
        self._end()
        raise AssertionError("Nothing ended the release.")

    def report_so_far(self) -> Report:
        return Report(
            result=Result.ERRORED,
            stopped_by=None,
            stages=(StageReport("Source", "Succeeded", 0.1, ()), StageReport("Staging", "Stopped", 4.0, ())),
            deployments=(),
            traffic={},
            executions=1,
            seconds=5.0,
            aws_minutes=1.0,
            ending=Ending(
                Status.STOPPED,
                "",
                (
                    StageEnding("Staging", "Stopped", 4.0, "unfinished"),
                    StageEnding("Prod", NOT_STARTED, 0, "as before"),
                ),
            ),
        )


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_run_that_a_signal_ends_says_and_reports_how_far_it_came(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
    expected: int,
) -> None:
    ended = EndedRehearsal(lambda: signal.raise_signal(number), tmp_path / "logs")
    monkeypatch.setattr(cli, "Rehearsal", lambda *_, **__: ended)
    report = tmp_path / "report.json"

    code, output = run("run", "--approve", "--report", report, capsys=capsys)

    assert code == expected
    assert "Staging  Stopped      4.0 s  unfinished" in output
    assert "Prod     not started         as before" in output
    assert f"Ended by {number.name}. Everything that was started has been stopped." in output
    written = json.loads(report.read_text())
    assert (written["result"], [stage["name"] for stage in written["stages"]]) == ("Errored", ["Source", "Staging"])
    assert "ending" not in written


class DoneRehearsal(EndedRehearsal):
    """One whose release ends as `result` says; it keeps which checks were run on that."""

    def __init__(self, result: Result, exit_code: int, logs: Path) -> None:
        super().__init__(lambda: None, logs)
        self._report = replace(self.report_so_far(), result=result, ending=None)
        self._exit_code = exit_code
        self.checks: list[str] = []

    def release(self, **_: object) -> Report:
        return self._report

    def check(self, command: str, say: Callable[[str], None]) -> int:
        self.checks.append(command)
        say("an alarm is in ALARM")
        return self._exit_code


@pytest.mark.parametrize(
    ("result", "exit_code", "expected", "checks"),
    [
        (Result.RELEASED, 0, 0, ["look"]),
        (Result.RELEASED, 1, 3, ["look"]),
        (Result.STOPPED, 1, 1, []),
    ],
)
def test_what_a_good_release_has_left_is_checked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    result: Result,
    exit_code: int,
    expected: int,
    checks: list[str],
) -> None:
    done = DoneRehearsal(result, exit_code, tmp_path / "logs")
    monkeypatch.setattr(cli, "Rehearsal", lambda *_, **__: done)

    code, output = run("run", "--approve", "--check", "look", capsys=capsys)

    assert (code, done.checks) == (expected, checks)
    assert ("an alarm is in ALARM" in output) == bool(checks)
    assert ("It was released, and the check failed with exit code 1: look" in output) == (expected == 3)


ASKED_ON_A_TERMINAL = """
import sys, threading
from pathlib import Path
from rehearsal import cli
from rehearsal.codepipeline.actions.approval import ApprovalRequest
from tests.rehearsal.test_cli import EndedRehearsal

class Asking(EndedRehearsal):
    def release(self, *, approval, **_):
        self.approvals.answerer = approval
        request = ApprovalRequest(pipeline="release", execution_id="e", stage="Approve", action="Prod")
        asking = {"seconds": 60, "is_stopped": lambda: False}
        thread = threading.Thread(target=self.approvals.ask, args=(request,), kwargs=asking, daemon=True)
        thread.start()
        thread.join()

cli.Rehearsal = lambda *_, **__: Asking(lambda: None, Path("/nowhere"))
sys.exit(cli.main(["run"]))
"""


def test_ctrl_c_at_the_prompt_ends_the_run_and_says_how_far_it_came() -> None:
    with PseudoTerminal(ASKED_ON_A_TERMINAL) as terminal:
        terminal.until(lambda screen: screen[-1:] == ["Approve Approve/Prod? [y/n]"])

        terminal.type("\x03")

        assert terminal.exit_code() == 130
        assert not any("[y/n]" in row for row in terminal.screen)
        assert any(row.startswith("Staging  Stopped") for row in terminal.screen)
        assert terminal.screen[-1] == "Ended by SIGINT. Everything that was started has been stopped."
        assert terminal.echoes()


def test_run_that_an_error_ends_says_how_far_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down() -> None:
        raise EngineError("The emulator is gone.")

    monkeypatch.setattr(cli, "Rehearsal", lambda *_, **__: EndedRehearsal(break_down, tmp_path / "logs"))

    code, output = run("run", "--approve", capsys=capsys)

    assert code == 2
    assert output.index("Prod     not started") < output.index("The emulator is gone.")


def test_world_before_that_a_signal_ends_is_not_reported_as_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = EndedRehearsal(lambda: signal.raise_signal(signal.SIGTERM), tmp_path / "logs")
    monkeypatch.setattr(cli, "Rehearsal", lambda *_, **__: ended)
    report = tmp_path / "report.json"

    code, output = run("run", "--approve", "--from", "HEAD~1", "--report", report, capsys=capsys)

    assert code == 143
    assert "Staging  Stopped" in output
    assert json.loads(report.read_text())["stages"] == []
