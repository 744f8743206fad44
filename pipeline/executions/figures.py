"""DORA's four figures of a pipeline, from its executions: how often, how soon, how often wrong, how soon right again.

In: executions in any order, a stage (prod's), a span of time, and the traffic shifts that are known of failed changes.
Out: `Figures`. It is pure, and must not know where they come from. What counts:
- A *change* is an execution that began to deploy to the stage. It has failed when it did not get through it, when a
  person stopped it there, or when the stage was rolled back after it. What becomes of it behind the stage is not the
  stage's: where that is not the last one, as Staging, an execution that fails later got through it. What was stopped
  before the stage (by a test, in staging, by a rejection) reached no customer, and is no failed change; what was
  superseded, or cancelled because the pipeline had changed itself, was released by the execution that came instead of
  it.
- A rollback is no change: it is what restores the stage after one. So is the next change that gets through.
- Time to restore is how long a failed change may have harmed somebody: from the first traffic of what was wrong with it
  until CodeDeploy had put the old versions back, or else the stage was right again (restoring.py). A change that failed
  before any traffic has harmed nobody, so there is nothing to restore. What CodeDeploy tells comes in as `shifts`; of a
  change that none are given of, it is counted from when it began to deploy until the stage was right again.
- The lead time of a commit ends when the first execution that contains it has got through the stage: the one that
  brought it, or the next, where that one was superseded, stopped or had failed. Where its date is not told, it begins
  with its first execution. Commits of one push that never were an execution's own are not seen.

Sources: dora.dev, "DORA's software delivery performance metrics"; CodePipeline user guide, "How pipeline executions
work" (superseded), "Rolling back a stage".
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from pipeline.executions.execution import ActionStatus, Execution, ExecutionStatus, ExecutionType
from pipeline.executions.restoring import harm_of
from pipeline.shifts.shift import Shift

LONGEST_APPROVAL = timedelta(days=7)
"""CodePipeline's own longest ("Quotas in AWS CodePipeline")."""

LONGEST_EXECUTION = 3 * LONGEST_APPROVAL
"""For so long before a span the executions that end in it may have begun. One waits for the one before it in
ApproveProd, and then for its own answer: twice the longest approval; the third week is for all that builds, deploys,
bakes, and is tried again."""

Shifts = Mapping[str, Sequence[Shift]]
"""The traffic shifts of failed changes in the stage, by the execution's id: in any order, and some of them twice."""

NO_SHIFTS: Shifts = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Change:
    """A release as far as the stage saw it.

    Of a failed one `harmed_from` is when it may have begun to harm, None: never; `restored_at` when that was over, None
    while it is not known to be.
    """

    execution: Execution
    began_at: datetime
    ended_at: datetime
    is_failed: bool
    harmed_from: datetime | None = None
    restored_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A median is None where there is nothing to take it of: nothing is not zero. `failure_rate` is a share of 1."""

    days: float
    deployments: int
    failed: int
    changes: int
    lead_time: timedelta | None
    time_to_restore: timedelta | None

    @property
    def deployments_per_week(self) -> float:
        return self.deployments / (self.days / 7)

    @property
    def failure_rate(self) -> float | None:
        return self.failed / self.changes if self.changes else None


def figures(
    executions: Iterable[Execution], *, stage: str, since: datetime, until: datetime, shifts: Shifts = NO_SHIFTS
) -> Figures:
    """Of the changes that ended in the span. Hand in those that began up to LONGEST_EXECUTION before it, too."""
    known = list({execution.id: execution for execution in executions}.values())
    counted = [change for change in changes(known, stage=stage, shifts=shifts) if since <= change.ended_at <= until]
    restored = [
        max(change.restored_at - change.harmed_from, timedelta(0))
        for change in counted
        if change.harmed_from is not None and change.restored_at is not None and change.restored_at <= until
    ]
    leads = [
        lead
        for ended_at, lead in lead_times(known, stage=stage)
        if since <= ended_at <= until
    ]  # fmt: skip
    return Figures(
        days=(until - since) / timedelta(days=1),
        deployments=sum(_got_through(change.execution, stage) for change in counted),
        failed=sum(change.is_failed for change in counted),
        changes=len(counted),
        lead_time=_median(leads),
        time_to_restore=_median(restored),
    )


def changes(executions: Iterable[Execution], *, stage: str, shifts: Shifts = NO_SHIFTS) -> list[Change]:
    """Every change of the stage that is over, oldest first."""
    in_stage = sorted(
        (execution for execution in executions if execution.actions_of(stage)), key=lambda found: _began(found, stage)
    )
    undone = _rolled_back(in_stage, stage)
    found = []
    for execution in in_stage:
        if not _is_change(execution, stage):
            continue
        is_failed = not _got_through(execution, stage) or execution.id in undone
        change = Change(
            execution=execution,
            began_at=_began(execution, stage),
            ended_at=_ended(execution, stage),
            is_failed=is_failed,
        )
        found.append(_with_harm(change, in_stage, stage, shifts.get(execution.id, ())) if is_failed else change)
    return found


def _with_harm(change: Change, in_stage: Sequence[Execution], stage: str, shifts: Sequence[Shift]) -> Change:
    harm = harm_of(
        change.execution,
        stage=stage,
        shifts=list({shift.deployment_id: shift for shift in shifts}.values()),
        deployed_at=change.began_at,
        restored_at=_restored_at(in_stage, stage, change.execution),
    )
    return replace(change, harmed_from=harm.began_at, restored_at=harm.ended_at)


def lead_times(executions: Iterable[Execution], *, stage: str) -> list[tuple[datetime, timedelta]]:
    """Of each commit that got through the stage: when it had, and how long that took since it was written."""
    standard = [execution for execution in executions if execution.type is ExecutionType.STANDARD]
    waiting: dict[str, datetime] = {}
    arrived: set[str] = set()
    found = []
    # An execution contains what all older ones do: the pipeline has one branch.
    for execution in sorted(standard, key=lambda each: each.started_at):
        commit = execution.commit
        if commit is not None and commit.id not in arrived:
            waiting.setdefault(commit.id, commit.written_at or execution.started_at)
        if execution.actions_of(stage) and _got_through(execution, stage):
            ended_at = _ended(execution, stage)
            found += [(ended_at, max(ended_at - since, timedelta(0))) for since in waiting.values()]
            arrived |= waiting.keys()
            waiting = {}
    return found


def _is_change(execution: Execution, stage: str) -> bool:
    is_over = execution.status in (ExecutionStatus.FAILED, ExecutionStatus.STOPPED) or _got_through(execution, stage)
    return is_over and execution.type is ExecutionType.STANDARD


def _got_through(execution: Execution, stage: str) -> bool:
    """Of one that was in the stage. While it is in a stage, none is superseded."""
    if execution.status in (ExecutionStatus.SUCCEEDED, ExecutionStatus.SUPERSEDED):
        return True
    last = execution.actions_of(stage)[-1]
    return any(action.stage != stage and action.started_at > last.started_at for action in execution.actions)


def _rolled_back(in_stage: Sequence[Execution], stage: str) -> set[str]:
    """The ids of the changes after which the stage was rolled back: the last one before each rollback."""
    undone = set()
    last: str | None = None
    for execution in in_stage:
        if execution.type is ExecutionType.ROLLBACK and last is not None:
            undone.add(last)
        elif execution.type is ExecutionType.STANDARD:
            last = execution.id
    return undone


def _restored_at(in_stage: Sequence[Execution], stage: str, failed: Execution) -> datetime | None:
    """When the first one that began in the stage after it, a rollback or a change, had got through."""
    later = in_stage[in_stage.index(failed) + 1 :]
    ends = [_ended(found, stage) for found in later if _got_through(found, stage)]
    return min(ends, default=None)


def _began(execution: Execution, stage: str) -> datetime:
    return execution.actions_of(stage)[0].started_at


def _ended(execution: Execution, stage: str) -> datetime:
    over = [found.updated_at for found in execution.actions_of(stage) if found.status is not ActionStatus.IN_PROGRESS]
    return max(over, default=execution.updated_at)


def _median(values: Sequence[timedelta]) -> timedelta | None:
    if not values:
        return None
    return timedelta(seconds=statistics.median(value.total_seconds() for value in values))
