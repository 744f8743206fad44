"""The order of commands and the build's end, over phases, their on-failure, their finally, and which command fails."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from rehearsal.codebuild.buildspec import PHASE_NAMES, Buildspec, OnFailure, parse_buildspec
from rehearsal.codebuild.phases import AFTER_FAILURE, BuildEnd, CommandFailure, run_phases

# The phases that run after one which failed, and whether the build failed: "Build phase transitions", on-failure.
EXPECTED = {
    ("install", ""): ((), True),
    ("install", "ABORT"): ((), True),
    ("install", "CONTINUE"): (("pre_build", "build", "post_build"), False),
    ("install", "RETRY"): ((), True),
    ("pre_build", ""): ((), True),
    ("pre_build", "ABORT"): ((), True),
    ("pre_build", "CONTINUE"): (("build", "post_build"), False),
    ("pre_build", "RETRY"): ((), True),
    ("build", ""): (("post_build",), True),
    ("build", "ABORT"): ((), True),
    ("build", "CONTINUE"): (("post_build",), False),
    ("build", "RETRY"): (("post_build",), True),
    ("post_build", ""): ((), True),
    ("post_build", "ABORT"): ((), True),
    ("post_build", "CONTINUE"): ((), False),
    ("post_build", "RETRY"): ((), True),
}


class RecordingShell:
    """Commands named in `failing` end with exit code 3. `seen` is what CODEBUILD_BUILD_SUCCEEDING was for each."""

    def __init__(self, *failing: str) -> None:
        self._failing = failing
        self._variables = {"CODEBUILD_BUILD_SUCCEEDING": "1"}
        self.seen: dict[str, str] = {}
        self.last_line = ""
        self.failing_tests = ""

    @property
    def commands(self) -> list[str]:
        return list(self.seen)

    def run(self, command: str) -> int:
        assert command not in self.seen, "no command runs twice"
        self.seen[command] = self._variables["CODEBUILD_BUILD_SUCCEEDING"]
        self.last_line = f"{command} said"
        return 3 if command in self._failing else 0

    def export(self, name: str, value: str) -> None:
        self._variables[name] = value
        self.last_line = ""


def buildspec(on_failure: Mapping[str, str] | None = None, *, has_finally: bool = True) -> Buildspec:
    wanted = on_failure or {}
    phases = "".join(
        f"\n  {name}:\n    commands: {commands(name)}"
        + (f"\n    finally: [{name} finally 1, {name} finally 2]" if has_finally else "")
        + (f"\n    on-failure: {wanted[name]}" if wanted.get(name) else "")
        for name in PHASE_NAMES
    )
    return parse_buildspec(f"version: 0.2\nphases:{phases}".replace("'", ""))


def commands(phase: str) -> list[str]:
    return [f"{phase} 1", f"{phase} 2"]


def finals(phase: str, *, has_finally: bool = True) -> list[str]:
    return [f"{phase} finally 1", f"{phase} finally 2"] if has_finally else []


def whole(phases: tuple[str, ...], *, has_finally: bool = True) -> list[str]:
    return [command for name in phases for command in [*commands(name), *finals(name, has_finally=has_finally)]]


@pytest.mark.parametrize("has_finally", [True, False])
def test_run_phases_runs_every_command_when_none_fails(has_finally: bool) -> None:
    shell = RecordingShell()

    assert run_phases(buildspec(has_finally=has_finally), shell, lambda line: None) == BuildEnd()

    assert shell.commands == whole(PHASE_NAMES, has_finally=has_finally)
    assert set(shell.seen.values()) == {"1"}


@pytest.mark.parametrize(
    ("phase", "on_failure", "has_finally", "failing"),
    [
        (phase, on_failure, has_finally, f"{phase} {which}")
        for (phase, on_failure), has_finally in itertools.product(EXPECTED, (True, False))
        for which in (("1", "2", "finally 1", "finally 2") if has_finally else ("1", "2"))
    ],
)
def test_run_phases_runs_what_codebuild_runs_and_tells_it_when_a_command_fails(
    phase: str, on_failure: str, has_finally: bool, failing: str
) -> None:
    # given the commands that CodeBuild runs: up to the failing one, the phase's finally, and the phases that follow
    later, is_build_failed = EXPECTED[phase, on_failure]
    before = PHASE_NAMES[: PHASE_NAMES.index(phase)]
    up_to_it = whole((phase,), has_finally=has_finally)
    up_to_it = up_to_it[: up_to_it.index(failing) + 1]
    its_finally = [] if "finally" in failing else finals(phase, has_finally=has_finally)
    succeeding = [*whole(before, has_finally=has_finally), *up_to_it]
    not_succeeding = [*its_finally, *whole(later, has_finally=has_finally)]
    shell = RecordingShell(failing)

    # when
    end = run_phases(buildspec({phase: on_failure}, has_finally=has_finally), shell, lambda line: None)

    # then
    assert shell.commands == [*succeeding, *not_succeeding]
    assert [shell.seen[command] for command in succeeding] == ["1"] * len(succeeding)
    assert [shell.seen[command] for command in not_succeeding] == ["0"] * len(not_succeeding)
    failure = CommandFailure(phase.upper(), failing, 3, f"{failing} said")
    assert end == (BuildEnd(failure=failure) if is_build_failed else BuildEnd(let_pass=failure))


def test_table_of_transitions_has_every_phase_and_on_failure() -> None:
    assert {(phase, on_failure or "") for phase, on_failure in AFTER_FAILURE} == set(EXPECTED)
    assert {on_failure for _, on_failure in AFTER_FAILURE} == {*OnFailure, None}


def test_run_phases_runs_finally_once_though_both_it_and_the_commands_fail() -> None:
    shell = RecordingShell("build 1", "build finally 1")

    end = run_phases(buildspec(), shell, lambda line: None)

    assert end.failure is not None
    assert end.failure.command == "build 1"
    assert shell.commands == [*whole(("install", "pre_build")), "build 1", "build finally 1", *whole(("post_build",))]


@pytest.mark.parametrize(
    ("on_failure", "failing", "told", "let_pass"),
    [
        ({}, ("build 1", "post_build 1"), "build 1", None),
        ({"post_build": "CONTINUE"}, ("build 1", "post_build 1"), "build 1", "post_build 1"),
        ({"build": "CONTINUE"}, ("build 1", "post_build 1"), "post_build 1", "build 1"),
        (
            {"install": "CONTINUE", "pre_build": "CONTINUE"},
            ("install 1", "pre_build 2", "build 2"),
            "build 2",
            "install 1",
        ),
    ],
)
def test_run_phases_names_the_first_failure_that_fails_the_build_and_the_first_that_is_let_pass(
    on_failure: dict[str, str], failing: tuple[str, ...], told: str, let_pass: str | None
) -> None:
    end = run_phases(buildspec(on_failure), RecordingShell(*failing), lambda line: None)

    assert end.failure is not None
    assert end.failure.command == told
    assert (end.let_pass and end.let_pass.command) == let_pass


def test_run_phases_says_what_codebuild_says() -> None:
    lines: list[str] = []

    run_phases(parse_buildspec("version: 0.2\nphases: {build: {commands: [ls]}}"), RecordingShell("ls"), lines.append)

    assert lines == [
        "Entering phase BUILD",
        "Running command ls",
        "Command did not exit successfully ls exit status 3",
        "Phase complete: BUILD State: FAILED",
    ]
