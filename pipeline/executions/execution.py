"""What CodePipeline knows of an execution, in types: parsed once, here, from the shapes of its API.

It must not ask CodePipeline (`record.py` does), nor judge what an execution means (`figures.py` does).
Sources: CodePipeline API reference, PipelineExecutionSummary and ActionExecutionDetail; user guide, "Variables
reference" (AuthorDate, CommitterDate).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

SHORT_ID_LETTERS = 7


class ExecutionStatus(StrEnum):
    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    SUCCEEDED = "Succeeded"
    SUPERSEDED = "Superseded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class ActionStatus(StrEnum):
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ABANDONED = "Abandoned"


class ExecutionType(StrEnum):
    STANDARD = "STANDARD"
    ROLLBACK = "ROLLBACK"


@dataclass(frozen=True, kw_only=True)
class Commit:
    """`title` is the first line of its message. `written_at` is None where the source does not tell."""

    id: str
    title: str = ""
    written_at: datetime | None = None

    @property
    def short_id(self) -> str:
        return self.id[:SHORT_ID_LETTERS]


@dataclass(frozen=True, kw_only=True)
class ActionRun:
    """One run of an action: a stage that was retried has several of the same name.

    `reason` is what its provider says at its end, "" when it says nothing; `configuration` has no variables left.
    """

    id: str
    stage: str
    name: str
    category: str
    status: ActionStatus
    started_at: datetime
    updated_at: datetime
    reason: str = ""
    configuration: Mapping[str, str]

    @property
    def comment(self) -> str:
        """What an approval asks; "" of one that says nothing, and of other actions."""
        return self.configuration.get("CustomData", "")

    @property
    def link(self) -> str:
        """What an approval asks to look at, likewise."""
        return self.configuration.get("ExternalEntityLink", "")

    @property
    def stack(self) -> str | None:
        """The name of the stack that it deploys; None of an action that deploys none."""
        return self.configuration.get("StackName") if self.category == "Deploy" else None


@dataclass(frozen=True, kw_only=True)
class Execution:
    """`actions` are in the order in which they began. `commit` is None until the source action has found one.

    `rollback_target` is the execution that a ROLLBACK goes back to, `stop_reason` what a person who stopped it said.
    """

    id: str
    status: ExecutionStatus
    type: ExecutionType
    started_at: datetime
    updated_at: datetime
    summary: str = ""
    commit: Commit | None = None
    rollback_target: str | None = None
    stop_reason: str = ""
    actions: Sequence[ActionRun] = ()

    def actions_of(self, stage: str) -> list[ActionRun]:
        return [action for action in self.actions if action.stage == stage]

    def last_failure(self) -> ActionRun | None:
        """The action that failed last: what ended a failed execution, unless it was a condition."""
        failed = [action for action in self.actions if action.status is ActionStatus.FAILED]
        return failed[-1] if failed else None

    @property
    def is_over(self) -> bool:
        return self.status not in (ExecutionStatus.IN_PROGRESS, ExecutionStatus.STOPPING)


def execution_of(summary: Mapping[str, Any], details: Sequence[Mapping[str, Any]] = ()) -> Execution:
    """From a PipelineExecutionSummary and its ActionExecutionDetails, in any order.

    Raises KeyError or ValueError when either has not the documented shape.
    """
    actions = sorted((_action_of(detail) for detail in details), key=lambda action: action.started_at)
    return Execution(
        id=summary["pipelineExecutionId"],
        status=ExecutionStatus(summary["status"]),
        type=ExecutionType(summary.get("executionType", ExecutionType.STANDARD)),
        started_at=summary["startTime"],
        updated_at=summary["lastUpdateTime"],
        summary=summary.get("statusSummary") or "",
        commit=_commit_of(summary.get("sourceRevisions", ()), details),
        rollback_target=summary.get("rollbackMetadata", {}).get("rollbackTargetPipelineExecutionId"),
        stop_reason=summary.get("stopTrigger", {}).get("reason", ""),
        actions=tuple(actions),
    )


def _action_of(detail: Mapping[str, Any]) -> ActionRun:
    given = detail.get("input", {})
    result = detail.get("output", {}).get("executionResult", {})
    reason = result.get("externalExecutionSummary") or result.get("errorDetails", {}).get("message") or ""
    return ActionRun(
        id=detail["actionExecutionId"],
        stage=detail["stageName"],
        name=detail["actionName"],
        category=given.get("actionTypeId", {}).get("category", ""),
        status=ActionStatus(detail["status"]),
        started_at=detail["startTime"],
        updated_at=detail["lastUpdateTime"],
        reason=reason,
        configuration=given.get("resolvedConfiguration") or given.get("configuration") or {},
    )


def _commit_of(revisions: Sequence[Mapping[str, Any]], details: Sequence[Mapping[str, Any]]) -> Commit | None:
    if not revisions:
        return None
    revision = revisions[0]
    return Commit(
        id=revision["revisionId"],
        title=_title_of(revision.get("revisionSummary") or ""),
        written_at=_written_at(revision["revisionId"], details),
    )


def _title_of(summary: str) -> str:
    """CodeConnections wraps the message: `{"ProviderType": "GitHub", "CommitMessage": "…"}`; CodeCommit does not."""
    try:
        wrapped = json.loads(summary)
    except ValueError:
        wrapped = None
    message = wrapped.get("CommitMessage", "") if isinstance(wrapped, dict) else summary
    lines = str(message).strip().splitlines()
    return lines[0].strip() if lines else ""


def _written_at(commit_id: str, details: Sequence[Mapping[str, Any]]) -> datetime | None:
    """By its committer, or, where the source does not tell that, its author. None when neither is a date."""
    for detail in details:
        told = detail.get("output", {}).get("outputVariables", {})
        if told.get("CommitId") == commit_id:
            return _date(told.get("CommitterDate") or told.get("AuthorDate") or "")
    return None


def _date(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
