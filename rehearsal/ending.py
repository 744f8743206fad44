"""How far a release came, for a person: every stage of the pipeline, also those that never began, and what it runs now.

It must not print, nor decide whether the release is good: report.py does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.definition import StageDeclaration
from rehearsal.codepipeline.execution import Execution, StageExecution
from rehearsal.run_events import RunEvent, StageRolledBack, Status

NOT_STARTED = "not started"
_AS_BEFORE = "as before"
_SHOWN_CHARACTERS = 7
_MAKES_CHANGE_SETS_ONLY = "CHANGE_SET_REPLACE"


@dataclass(frozen=True)
class StageEnding:
    """`deployed` says what the stage's stacks run when it is over; "" for a stage that deploys nothing."""

    name: str
    status: str
    seconds: float
    deployed: str


@dataclass(frozen=True)
class Ending:
    """`status` is the execution's: a release that is Stopped or Superseded says no more than that in its report."""

    status: Status
    reason: str
    stages: tuple[StageEnding, ...]


def make_ending(execution: Execution, events: Iterable[RunEvent]) -> Ending:
    """`events` are those of the release."""
    rolled_back = {
        event.stage for event in events if isinstance(event, StageRolledBack) and event.status is Status.SUCCEEDED
    }
    return Ending(execution.status, execution.reason, tuple(_stages(execution, rolled_back)))


def _stages(execution: Execution, rolled_back: set[str]) -> Iterator[StageEnding]:
    for declaration in execution.definition.stages:
        record = execution.stage(declaration.name)
        deployed = ""
        if any(_deploys(action) for action in declaration.actions):
            is_rolled_back = declaration.name in rolled_back
            deployed = "rolled back" if is_rolled_back else _deployed(declaration, record, execution.source.commit)
        if record is None:
            yield StageEnding(declaration.name, NOT_STARTED, 0.0, deployed)
        else:
            yield StageEnding(declaration.name, record.status, record.seconds, deployed)


def _deployed(declaration: StageDeclaration, record: StageExecution | None, commit: str) -> str:
    if record is None or record.status is Status.SKIPPED:
        return _AS_BEFORE
    new = f"commit {commit[:_SHOWN_CHARACTERS]}"
    if record.status is Status.SUCCEEDED:
        return new
    statuses = {action.declaration.name: action.status for action in record.actions}
    stacks: dict[str, list[str]] = {}
    for action in declaration.actions:
        if _deploys(action):
            match statuses.get(action.name):
                case None:
                    words = _AS_BEFORE
                case Status.SUCCEEDED:
                    words = new
                case Status.IN_PROGRESS:
                    words = "unfinished"
                case _:
                    words = "failed"
            stacks.setdefault(words, []).append(action.configuration.get("StackName") or action.name)
    if len(stacks) == 1:
        return next(iter(stacks))
    return "; ".join(f"{words}: {', '.join(names)}" for words, names in stacks.items())


def _deploys(action: ActionDeclaration) -> bool:
    is_deploy = action.action_type.category == "Deploy"
    return is_deploy and action.configuration.get("ActionMode") != _MAKES_CHANGE_SETS_ONLY
