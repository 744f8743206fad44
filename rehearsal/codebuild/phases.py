"""The phases of a build: which command runs after which, and what makes the build fail.

It must not know how a command is run. Source: CodeBuild user guide, "Build phase transitions"; "Build specification
reference" (on-failure, finally); "Environment variables in build environments" (CODEBUILD_BUILD_SUCCEEDING).

Not written there: what a build ends with whose phase failed under CONTINUE, and what CODEBUILD_BUILD_SUCCEEDING is from
then on. Public buildspecs rely on both: the build is not failed by it, and the variable is 0, as after every failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from rehearsal.codebuild.buildspec import Buildspec, OnFailure, Phase

SUCCEEDING = "CODEBUILD_BUILD_SUCCEEDING"


@dataclass(frozen=True)
class AfterFailure:
    """What a failed phase means: whether the next phase runs, and whether the build has failed."""

    is_next_run: bool
    is_build_failed: bool


_STOPS = AfterFailure(is_next_run=False, is_build_failed=True)
_GOES_ON = AfterFailure(is_next_run=True, is_build_failed=False)
_FAILS_LATER = AfterFailure(is_next_run=True, is_build_failed=True)
# By phase and its on-failure; None where the buildspec says none. CodeBuild does not support auto-retry for
# CodePipeline ("Retry builds automatically"), so RETRY is as if nothing were said.
AFTER_FAILURE: Mapping[tuple[str, OnFailure | None], AfterFailure] = {
    (name, on_failure): {
        OnFailure.ABORT: _STOPS,
        OnFailure.CONTINUE: _GOES_ON,
        OnFailure.RETRY: by_itself,
        None: by_itself,
    }[on_failure]
    for name, by_itself in (
        ("install", _STOPS),
        ("pre_build", _STOPS),
        ("build", _FAILS_LATER),
        ("post_build", _STOPS),
    )
    for on_failure in (*OnFailure, None)
}


class CommandShell(Protocol):
    """Runs one command after another in one shell, and tells each one's exit code."""

    @property
    def last_line(self) -> str:
        """The last line that the last command said, "" if it said nothing."""

    @property
    def failing_tests(self) -> str:
        """Which tests the last command said to have failed, "" if it named none."""

    def run(self, command: str) -> int: ...

    def export(self, name: str, value: str) -> None:
        """Set a variable for the commands to come."""


Started = Callable[[str, str | None], None]  # a phase in CodeBuild's spelling, and its command: None as it begins


def _unheard(_phase: str, _command: str | None) -> None: ...


@dataclass(frozen=True)
class CommandFailure:
    """A command that ended a phase; `phase` in CodeBuild's spelling (BUILD)."""

    phase: str
    command: str
    exit_code: int
    last_line: str = ""
    failing_tests: str = ""


@dataclass(frozen=True)
class BuildEnd:
    """The first failure that fails the build, and the first that its on-failure lets pass; None where there is none."""

    failure: CommandFailure | None = None
    let_pass: CommandFailure | None = None


def run_phases(
    buildspec: Buildspec, shell: CommandShell, say: Callable[[str], None], started: Started = _unheard
) -> BuildEnd:
    """Run all phases.

    `say` takes CodeBuild's own log lines; `started` hears each phase and each command as it begins.
    """
    end = BuildEnd()
    for phase in buildspec.phases:
        failure = _run_phase(phase, shell, say, started)
        if failure is None:
            continue
        after = AFTER_FAILURE[phase.name, phase.on_failure]
        if after.is_build_failed:
            end = replace(end, failure=end.failure or failure)
        else:
            end = replace(end, let_pass=end.let_pass or failure)
        if not after.is_next_run:
            break
    return end


def _run_phase(
    phase: Phase, shell: CommandShell, say: Callable[[str], None], started: Started
) -> CommandFailure | None:
    name = phase.name.upper()
    say(f"Entering phase {name}")
    started(name, None)
    failure = _run_commands(name, phase.commands, shell, say, started)
    failure_of_finally = _run_commands(name, phase.finally_commands, shell, say, started)
    failure = failure or failure_of_finally
    say(f"Phase complete: {name} State: {'FAILED' if failure else 'SUCCEEDED'}")
    return failure


def _run_commands(
    phase: str, commands: tuple[str, ...], shell: CommandShell, say: Callable[[str], None], started: Started
) -> CommandFailure | None:
    for command in commands:
        say(f"Running command {command}")
        started(phase, command)
        exit_code = shell.run(command)
        if exit_code != 0:
            say(f"Command did not exit successfully {command} exit status {exit_code}")
            failure = CommandFailure(phase, command, exit_code, shell.last_line, shell.failing_tests)
            shell.export(SUCCEEDING, "0")
            return failure
    return None
