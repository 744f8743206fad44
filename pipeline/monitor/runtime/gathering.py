"""Which stage is asked for what: the numbers of an execution's news, and the traffic shifts of failed changes.

It must not put anything into words, nor compute figures. What cannot be read is left out, and logged: the figures are
then CodePipeline's alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pipeline.executions.execution import Execution, ExecutionType
from pipeline.executions.figures import Shifts, changes
from pipeline.monitor.runtime.impact import NOT_READ, Connect, impact_of
from pipeline.monitor.runtime.news import NO_IMPACTS, Impacts
from pipeline.shifts.reader import read_shifts, windows_of
from pipeline.shifts.shift import Shift

SETTLED = timedelta(hours=1)
"""So long after an execution's end CodeDeploy may still put something of it back: a hook of it may take as long."""

log = logging.getLogger(__name__)


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
    ends = {each.shift.function: each.shift.traffic_from for each in own.shifts if each.shift.traffic_from is not None}
    return Impacts(own=(own,), undone=impact_of(connects[stage], undone, stage, now=now, ends=ends))


def _undone_by(rollback: Execution, executions: Iterable[Execution], stage: str) -> Execution | None:
    """The last release that was in the stage before it."""
    before = [
        execution
        for execution in executions
        if execution.type is ExecutionType.STANDARD
        and windows_of(execution, stage)
        and execution.actions_of(stage)[0].started_at < rollback.started_at
    ]
    return max(before, key=lambda execution: execution.actions_of(stage)[0].started_at, default=None)


class FailedShifts:
    """The traffic shifts of failed changes of a stage; what has settled is read once, as long as the object lives."""

    def __init__(self, connect: Connect, stage: str) -> None:
        self._connect = connect
        self._stage = stage
        self._settled: dict[str, Sequence[Shift]] = {}

    def of(self, executions: Iterable[Execution], *, now: datetime) -> Shifts:
        failed = [change.execution for change in changes(executions, stage=self._stage) if change.is_failed]
        asked = [each for each in failed if each.id not in self._settled and windows_of(each, self._stage)]
        found: dict[str, Sequence[Shift]] = {
            execution.id: self._settled[execution.id] for execution in failed if execution.id in self._settled
        }
        if not asked:
            return found
        try:
            clients = self._connect()
            for execution in asked:
                found[execution.id] = read_shifts(clients, execution, self._stage)
                if now - execution.updated_at > SETTLED:
                    self._settled[execution.id] = found[execution.id]
        except NOT_READ as error:
            log.warning("CodeDeploy of %s could not be read: %s", self._stage, error)
        return found
