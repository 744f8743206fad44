"""Which stage is asked for the numbers of an execution's news. It must not put anything into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pipeline.executions.execution import Execution, ExecutionStatus, ExecutionType
from pipeline.monitor.runtime.impact import impact_of
from pipeline.monitor.runtime.news import NO_IMPACTS, Impacts
from pipeline.shifts.reader import Connect, windows_of
from pipeline.shifts.shift import DeploymentStatus


def impacts_of(
    execution: Execution, executions: Iterable[Execution], connects: Mapping[str, Connect], *, now: datetime
) -> Impacts:
    """Of the last stage that it deployed: what a release has gone through was good. `executions` are all, in any order,
    among which the one is found that a rollback has undone.
    """
    deployed = [stage for stage in connects if windows_of(execution, stage)]
    if not deployed:
        return NO_IMPACTS
    stage = max(deployed, key=lambda name: windows_of(execution, name)[-1].since)
    own = impact_of(connects[stage], execution, stage, now=now)
    undone = _undone_by(execution, executions, stage) if execution.type is ExecutionType.ROLLBACK else None
    if undone is None:
        return Impacts(own=(own,))
    ends = {
        each.shift.function: each.shift.ended_at
        for each in own.shifts
        if each.shift.status is DeploymentStatus.SUCCEEDED and each.shift.ended_at is not None
    }
    return Impacts(own=(own,), undone=impact_of(connects[stage], undone, stage, now=now, ends=ends))


def _undone_by(rollback: Execution, executions: Iterable[Execution], stage: str) -> Execution | None:
    """The last release that was in the stage before it; None where another rollback has taken that back already."""
    before = [
        execution
        for execution in executions
        if (execution.type is ExecutionType.STANDARD or execution.status is ExecutionStatus.SUCCEEDED)
        and windows_of(execution, stage)
        and execution.actions_of(stage)[0].started_at < rollback.started_at
    ]
    last = max(before, key=lambda execution: execution.actions_of(stage)[0].started_at, default=None)
    return last if last is not None and last.type is ExecutionType.STANDARD else None
