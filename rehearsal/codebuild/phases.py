"""The phases of a build: which command runs after which, and what makes the build fail.

It must not know how a command is run. Source: CodeBuild user guide, "Build phase transitions" and "Build specification
reference" (on-failure, finally). That a phase which failed with CONTINUE leaves the build Succeeded is not written
there; builds that rely on it are public.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rehearsal.codebuild.buildspec import Buildspec, OnFailure, Phase


class CommandShell(Protocol):
    """Runs one command after another in one shell, and tells each one's exit code."""

    @property
    def last_line(self) -> str:
        """The last line that the last command said, "" if it said nothing."""

    def run(self, command: str) -> int: ...


Started = Callable[[str, str | None], None]  # a phase in CodeBuild's spelling, and its command: None as it begins


def _unheard(_phase: str, _command: str | None) -> None: ...


@dataclass(frozen=True)
class CommandFailure:
    """A command that ended a phase; `phase` in CodeBuild's spelling (BUILD)."""

    phase: str
    command: str
    exit_code: int
    last_line: str = ""


def run_phases(
    buildspec: Buildspec, shell: CommandShell, say: Callable[[str], None], started: Started = _unheard
) -> CommandFailure | None:
    """Run all phases; the first failure that fails the build, or None.

    `say` takes CodeBuild's own log lines; `started` hears each phase and each command as it begins.
    """
    build_failure: CommandFailure | None = None
    for phase in buildspec.phases:
        failure = _run_phase(phase, shell, say, started)
        if failure is None or phase.on_failure is OnFailure.CONTINUE:
            continue
        build_failure = build_failure or failure
        if phase.name != "build" or phase.on_failure is OnFailure.ABORT:
            break
        shell.run("export CODEBUILD_BUILD_SUCCEEDING=0")
    return build_failure


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
            return CommandFailure(phase, command, exit_code, shell.last_line)
    return None
