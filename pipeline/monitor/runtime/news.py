"""What the release managers are told, in words: which event is news, its subject and its text.

In: an event of CodePipeline, the execution as CodePipeline knows it, and what it did in the stages. Out: a `Message`,
or None where there is no news. It is pure: an event that comes twice says the same twice. It must not tell the same
thing by two events: what fails an action fails its stage and its execution, and is told as the execution's end; what
CodeDeploy puts back by itself is told with the failure that it ended.
Sources: CodePipeline user guide, "Monitoring CodePipeline events"; SNS API reference, Publish (Subject: ASCII, no line
breaks, less than 100 characters).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pipeline.executions.execution import ActionRun, ActionStatus, Execution, ExecutionType
from pipeline.executions.release_text import commit_text, duration_text, printable
from pipeline.monitor.runtime.harm import APPROVAL as APPROVAL_GATE
from pipeline.monitor.runtime.harm import gate_of, harmed, numbers, put_back, until_then
from pipeline.monitor.runtime.impact import StageImpact

PIPELINE_EVENT = "CodePipeline Pipeline Execution State Change"
ACTION_EVENT = "CodePipeline Action Execution State Change"
ENDS = ("SUCCEEDED", "FAILED", "STOPPED")
"""The states of an execution that are told; SUPERSEDED and CANCELED are followed by another execution."""

APPROVAL = "Approval"
_SUCCEEDED, _FAILED, _STOPPED = ENDS
_LONGEST_SUBJECT = 99


@dataclass(frozen=True, kw_only=True)
class Message:
    subject: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the pipeline is, for links, which stage is prod's, and how long an approval waits."""

    pipeline: str
    prod_stage: str
    region: str
    runbook_url: str
    approval_timeout: timedelta

    def execution_url(self, execution_id: str) -> str:
        return f"{self._url}/executions/{execution_id}/timeline?region={self.region}"

    @property
    def pipeline_url(self) -> str:
        return f"{self._url}/view?region={self.region}"

    @property
    def _url(self) -> str:
        return f"https://{self.region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{self.pipeline}"


class ActionNotSeen(LookupError):
    """CodePipeline tells of an action's start and does not list it yet: to be asked again."""


@dataclass(frozen=True, kw_only=True)
class Impacts:
    """What the execution did in the stages that it deployed; and, of a rollback, what that did which it has undone."""

    own: Sequence[StageImpact] = ()
    undone: StageImpact | None = None


NO_IMPACTS = Impacts()


def is_told_with_impacts(event: Mapping[str, Any], execution: Execution) -> bool:
    """Whether the numbers of the stages belong to the event's news: to what was stopped, and to what was put back."""
    if event["detail-type"] != PIPELINE_EVENT:
        return False
    state = event["detail"]["state"]
    return state in (_FAILED, _STOPPED) or (state in ENDS and execution.type is ExecutionType.ROLLBACK)


def news_of(
    event: Mapping[str, Any], execution: Execution, place: Place, impacts: Impacts = NO_IMPACTS
) -> Message | None:
    """`event` is one of EventBridge's, with `detail-type` and `detail`. Raises ActionNotSeen."""
    detail = event["detail"]
    match event["detail-type"], detail["state"]:
        case str(kind), "STARTED" if kind == ACTION_EVENT:
            return _waits(detail["action-execution-id"], execution, place)
        case str(kind), state if kind == PIPELINE_EVENT and state in ENDS:
            return _ended(state, execution, place, impacts)
        case _:
            return None


def _waits(action_id: str, execution: Execution, place: Place) -> Message | None:
    """None where it was answered meanwhile: a late or second event asks nobody again."""
    action = next((found for found in execution.actions if found.id == action_id), None)
    if action is None:
        raise ActionNotSeen(f"Execution {execution.id} does not list its action {action_id} yet.")
    if action.category != APPROVAL or action.status is not ActionStatus.IN_PROGRESS:
        return None
    ends = action.started_at + place.approval_timeout
    return _message(
        f"Waits for approval: {commit_text(execution)}",
        [
            action.comment or f"{action.stage} waits for an answer.",
            "",
            *(_to_look_at(action.link, execution) if action.link else []),
            f"Answer:          {place.pipeline_url}",
            f"or:              python -m pipeline.release approve --execution {execution.id}",
            f"Without one it is rejected at {ends:%Y-%m-%d %H:%M} UTC.",
        ],
        execution,
        place,
    )


def _to_look_at(link: str, execution: Execution) -> list[str]:
    return [
        f"What to look at: {link}",
        f"or:              python -m pipeline.release evidence --execution {execution.id}",
    ]


def _ended(state: str, execution: Execution, place: Place, impacts: Impacts) -> Message:
    if execution.type is ExecutionType.ROLLBACK:
        return _rolled_back(state, execution, place, impacts)
    if state == _SUCCEEDED:
        took = duration_text(execution.updated_at - execution.started_at)
        return _message(
            f"Released: {commit_text(execution)}", [f"It went through every stage, in {took}."], execution, place
        )
    if state == _STOPPED:
        said = execution.stop_reason or execution.summary or "no reason was given"
        return _message(
            f"Stopped by a person: {commit_text(execution)}",
            [f"In stage {_last_stage(execution)}: {said}", *_harm(execution, place, impacts)],
            execution,
            place,
        )
    return _failed(execution, place, impacts)


def _failed(execution: Execution, place: Place, impacts: Impacts) -> Message:
    action = execution.last_failure()
    if action is None:
        reason = execution.summary or "CodePipeline gives no reason."
        return _message(
            f"Failed in {_last_stage(execution)}: {commit_text(execution)}",
            [f"Reason: {reason}", *_harm(execution, place, impacts)],
            execution,
            place,
        )
    gate = gate_of(execution, action, impacts.own)
    if gate == APPROVAL_GATE:
        return _message(
            f"Not approved: {commit_text(execution)}",
            [
                f"{action.stage} was rejected, or nobody answered in time: {_reason(action)}",
                "It goes no further: what comes behind that stage was not changed.",
            ],
            execution,
            place,
        )
    return _message(
        f"Stopped in {action.stage} by {gate}: {commit_text(execution)}",
        [
            f"Gate:   {gate}, in action {action.name} of stage {action.stage}",
            f"Reason: {_reason(action)}",
            *_harm(execution, place, impacts),
            "",
            "A deployed stage is rolled back by itself, if it can be; that is told, too.",
        ],
        execution,
        place,
    )


def _harm(execution: Execution, place: Place, impacts: Impacts) -> list[str]:
    first, *others = harmed(execution, impacts.own, prod=place.prod_stage)
    counted = [line for impact in impacts.own for line in numbers(impact)]
    return [f"Harmed: {first}", *(f"        {line}" for line in others), *(["", *counted] if counted else [])]


def _rolled_back(state: str, execution: Execution, place: Place, impacts: Impacts) -> Message:
    """An execution of type ROLLBACK has the commit that it goes back to."""
    stage, to = _last_stage(execution), commit_text(execution)
    target = f"of execution {execution.rollback_target}" if execution.rollback_target else ""
    backs = [line for impact in impacts.own for line in put_back(impact)]
    undone = until_then(impacts.undone) if impacts.undone is not None else []
    moved = [*([""] if backs else []), *backs, *(["", "Until then:", *undone] if undone else [])]
    if state == _SUCCEEDED:
        return _message(
            f"{stage} was rolled back to {to}", [f"It runs again what it ran {target}", *moved], execution, place
        )
    action = execution.last_failure()
    return _message(
        f"ROLLBACK FAILED in {stage}, to {to}",
        [
            f"{stage} is in neither state, and nobody mends it but you. It was to run again what it ran {target}",
            f"Reason: {_reason(action) if action else execution.stop_reason or execution.summary or state}",
            *moved,
        ],
        execution,
        place,
    )


def _message(subject: str, lines: Iterable[str], execution: Execution, place: Place) -> Message:
    about = [
        "",
        f"Commit:    {commit_text(execution)}",
        f"Execution: {place.execution_url(execution.id)}",
        f"Runbook:   {place.runbook_url}/release.md",
    ]
    return Message(subject=subject_of(subject), text=printable("\n".join([*lines, *about]), keeps="\n\t"))


def subject_of(text: str) -> str:
    """As SNS takes it: what is not ASCII becomes what is nearest to it, and what is too long is cut."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in plain).split())
    return words if len(words) <= _LONGEST_SUBJECT else f"{words[: _LONGEST_SUBJECT - 3]}..."


def _reason(action: ActionRun) -> str:
    return action.reason or "its provider gives no reason."


def _last_stage(execution: Execution) -> str:
    return execution.actions[-1].stage if execution.actions else "no stage"
