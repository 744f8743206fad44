"""The traffic shifts of failed changes, for the time to restore: read from CodeDeploy, of failed changes alone.

What cannot be read is left out, and said: the figures are then CodePipeline's alone. It must not compute them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from pipeline.executions.execution import Execution
from pipeline.executions.figures import Shifts, changes
from pipeline.shifts.reader import NOT_READ, Connect, read_shifts, windows_of
from pipeline.shifts.shift import Shift

SETTLED = timedelta(hours=1)
"""So long after an execution's end CodeDeploy may still put something of it back: a hook of it may take as long."""


class FailedShifts:
    """Of one stage. What has settled is read once, as long as the object lives; `problem` is why the last reading was
    not whole, "" where it was.
    """

    def __init__(self, connect: Connect, stage: str) -> None:
        self._connect = connect
        self._stage = stage
        self._settled: dict[str, Sequence[Shift]] = {}
        self.problem = ""

    def of(self, executions: Iterable[Execution], *, now: datetime) -> Shifts:
        failed = [change.execution for change in changes(executions, stage=self._stage) if change.is_failed]
        asked = [each for each in failed if each.id not in self._settled and windows_of(each, self._stage)]
        found: dict[str, Sequence[Shift]] = {
            execution.id: self._settled[execution.id] for execution in failed if execution.id in self._settled
        }
        if not asked:
            return found
        self.problem = ""
        try:
            clients = self._connect()
            for execution in asked:
                found[execution.id] = read_shifts(clients, execution, self._stage)
                if now - execution.updated_at > SETTLED:
                    self._settled[execution.id] = found[execution.id]
        except NOT_READ as error:
            self.problem = f"CodeDeploy of {self._stage} could not be read: {error}"
        return found
