"""The order of commands, as CodeBuild's page of phase transitions draws it."""

from __future__ import annotations

import pytest

from rehearsal.codebuild.buildspec import Buildspec, parse_buildspec
from rehearsal.codebuild.phases import CommandFailure, run_phases


class RecordingShell:
    """Commands named in `failing` end with exit code 3."""

    def __init__(self, *failing: str) -> None:
        self._failing = failing
        self.commands: list[str] = []
        self.last_line = ""

    def run(self, command: str) -> int:
        self.commands.append(command)
        self.last_line = f"{command} said"
        return 3 if command in self._failing else 0


def buildspec(**on_failure: str) -> Buildspec:
    phases = "".join(
        f"\n  {name}:\n    commands: [{name} 1, {name} 2]\n    finally: [{name} finally]"
        + (f"\n    on-failure: {on_failure[name]}" if name in on_failure else "")
        for name in ("install", "pre_build", "build", "post_build")
    )
    return parse_buildspec(f"version: 0.2\nphases:{phases}")


INSTALL = ["install 1", "install 2", "install finally"]
PRE_BUILD = ["pre_build 1", "pre_build 2", "pre_build finally"]
BUILD = ["build 1", "build 2", "build finally"]
POST_BUILD = ["post_build 1", "post_build 2", "post_build finally"]
NOT_SUCCEEDING = "export CODEBUILD_BUILD_SUCCEEDING=0"


def test_run_phases_runs_every_command_when_none_fails() -> None:
    shell = RecordingShell()

    assert run_phases(buildspec(), shell, lambda line: None) is None
    assert shell.commands == [*INSTALL, *PRE_BUILD, *BUILD, *POST_BUILD]


@pytest.mark.parametrize(
    ("failing", "expected"),
    [
        ("install 1", ["install 1", "install finally"]),
        ("pre_build 1", [*INSTALL, "pre_build 1", "pre_build finally"]),
        ("build 1", [*INSTALL, *PRE_BUILD, "build 1", "build finally", NOT_SUCCEEDING, *POST_BUILD]),
        ("post_build 2", [*INSTALL, *PRE_BUILD, *BUILD, *POST_BUILD]),
        ("build finally", [*INSTALL, *PRE_BUILD, *BUILD, NOT_SUCCEEDING, *POST_BUILD]),
    ],
)
def test_run_phases_stops_where_codebuild_does_when_a_command_fails(failing: str, expected: list[str]) -> None:
    shell = RecordingShell(failing)

    failure = run_phases(buildspec(), shell, lambda line: None)

    assert failure == CommandFailure(failing.split()[0].upper(), failing, 3, f"{failing} said")
    assert shell.commands == expected


def test_run_phases_skips_post_build_when_build_aborts() -> None:
    shell = RecordingShell("build 2")

    assert run_phases(buildspec(build="ABORT"), shell, lambda line: None) is not None
    assert shell.commands[-2:] == ["build 2", "build finally"]


@pytest.mark.parametrize("phase", ["install", "pre_build", "build", "post_build"])
def test_run_phases_goes_on_and_succeeds_when_a_phase_may_fail(phase: str) -> None:
    shell = RecordingShell(f"{phase} 2")

    assert run_phases(buildspec(**{phase: "CONTINUE"}), shell, lambda line: None) is None
    assert shell.commands == [*INSTALL, *PRE_BUILD, *BUILD, *POST_BUILD]


def test_run_phases_names_the_first_failure_when_post_build_fails_too() -> None:
    shell = RecordingShell("build 1", "post_build 1")

    failure = run_phases(buildspec(), shell, lambda line: None)

    assert failure is not None
    assert failure.command == "build 1"


def test_run_phases_says_what_codebuild_says() -> None:
    lines: list[str] = []

    run_phases(parse_buildspec("version: 0.2\nphases: {build: {commands: [ls]}}"), RecordingShell("ls"), lines.append)

    assert lines == [
        "Entering phase BUILD",
        "Running command ls",
        "Command did not exit successfully ls exit status 3",
        "Phase complete: BUILD State: FAILED",
    ]
