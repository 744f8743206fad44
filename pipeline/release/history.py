"""What became of the last releases, and DORA's figures of them, by the same code as the pipeline's dashboard.

It must not ask AWS. Out: text for a terminal, or a document for programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pipeline.executions.execution import Execution, ExecutionStatus, ExecutionType
from pipeline.executions.figures import Figures, Shifts, changes, figures
from pipeline.executions.release_text import commit_text, duration_text

_UNKNOWN = "nothing to tell from"


NOT_ASKED = (
    "By CodePipeline alone: with --stage-profile, as on the dashboard, what CodeDeploy had put back counts, too."
)


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is told of. `shifts` are those of failed changes; `unseen` is why some are not known, "" if all are."""

    executions: Sequence[Execution]
    stage: str
    days: int
    now: datetime
    shifts: Shifts = field(default_factory=dict)
    unseen: str = NOT_ASKED

    @property
    def since(self) -> datetime:
        return self.now - timedelta(days=self.days)

    def figures(self) -> Figures:
        return figures(self.executions, stage=self.stage, since=self.since, until=self.now, shifts=self.shifts)

    def shown(self) -> list[Execution]:
        return [execution for execution in self.executions if execution.started_at >= self.since]


def history_text(past: Past) -> str:
    found = past.figures()
    rows = [(f"{each.started_at:%Y-%m-%d %H:%M}", outcome(each), commit_text(each)) for each in past.shown()]
    width = max((len(row[1]) for row in rows), default=0)
    open_failures = [
        change
        for change in changes(past.executions, stage=past.stage, shifts=past.shifts)
        if change.is_failed and change.restored_at is None
    ]
    return "\n".join(
        [
            *(f"{when}  {became:{width}}  {commit}" for when, became, commit in rows),
            *([""] if rows else []),
            f"{past.stage}, the last {past.days} days:",
            f"  deployments           {found.deployments}, {found.deployments_per_week:.1f} a week",
            f"  lead time             {_duration(found.lead_time)}",
            f"  change failure rate   {_rate(found)}",
            f"  time to restore       {_duration(found.time_to_restore)}",
            *(f"  not restored yet      {commit_text(change.execution)}" for change in open_failures),
            *([f"  {past.unseen}"] if found.failed and past.unseen else []),
        ]
    )


def history_document(past: Past) -> dict[str, Any]:
    """{"schema": 1, "stage", "days", figures (seconds, a rate of 1; null: nothing to tell from), "executions": […]}.

    "unseen" says why CodeDeploy's part in the time to restore is not in it; "" where it is.
    """
    found = past.figures()
    return {
        "schema": 1,
        "stage": past.stage,
        "days": past.days,
        "deployments": found.deployments,
        "deployments_per_week": found.deployments_per_week,
        "lead_time_seconds": _seconds(found.lead_time),
        "change_failure_rate": found.failure_rate,
        "time_to_restore_seconds": _seconds(found.time_to_restore),
        "unseen": past.unseen,
        "executions": [
            {
                "id": execution.id,
                "type": execution.type,
                "status": execution.status,
                "outcome": outcome(execution),
                "commit": execution.commit.id if execution.commit is not None else None,
                "started_at": execution.started_at.isoformat(),
            }
            for execution in past.shown()
        ],
    }


def outcome(execution: Execution) -> str:
    """In a word or some: 'Released', 'Failed in Prod', 'Prod rolled back'."""
    stage = execution.actions[-1].stage if execution.actions else "no stage"
    if execution.type is ExecutionType.ROLLBACK:
        return f"{stage} rolled back" if execution.status is ExecutionStatus.SUCCEEDED else f"{stage}: ROLLBACK FAILED"
    failure = execution.last_failure()
    match execution.status:
        case ExecutionStatus.SUCCEEDED:
            return "Released"
        case ExecutionStatus.FAILED:
            return f"Failed in {failure.stage if failure is not None else stage}"
        case ExecutionStatus.IN_PROGRESS | ExecutionStatus.STOPPING:
            return f"{execution.status} in {stage}"
        case _:
            return str(execution.status)


def _rate(found: Figures) -> str:
    if found.failure_rate is None:
        return _UNKNOWN
    return f"{100 * found.failure_rate:.0f} %, {found.failed} of {found.changes} changes"


def _duration(value: timedelta | None) -> str:
    return f"{duration_text(value)} (median)" if value is not None else _UNKNOWN


def _seconds(value: timedelta | None) -> float | None:
    return value.total_seconds() if value is not None else None
