"""The traffic shifts of failed changes, for the time to restore: read from CodeDeploy, of failed changes alone.

What cannot be read is left out, and said: the figures are then CodePipeline's alone. It must not compute them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError

from pipeline.executions.execution import Execution
from pipeline.executions.figures import Shifts, changes
from pipeline.shifts.reader import NOT_READ, Connect, StageClients, read_shifts, windows_of
from pipeline.shifts.shift import Shift

SETTLED = timedelta(hours=1)
"""So long after an execution's end CodeDeploy may still put something of it back: a hook of it may take as long."""


class FailedShifts:
    """Of one stage. What has settled is read once, as long as the object lives, unless the execution is tried again;
    `problem` is why the last reading was not whole, "" where it was.

    After `patience` no other execution is begun with: the next reading goes on where this one has ended. None is for
    ever; `clock` tells seconds.
    """

    def __init__(
        self,
        connect: Connect,
        stage: str,
        *,
        patience: timedelta | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._stage = stage
        self._patience = patience
        self._clock = clock
        self._settled: dict[tuple[str, datetime], Sequence[Shift]] = {}
        self.problem = ""

    def of(self, executions: Iterable[Execution], *, now: datetime) -> Shifts:
        failed = [change.execution for change in changes(executions, stage=self._stage) if change.is_failed]
        asked = [each for each in failed if _try_of(each) not in self._settled and windows_of(each, self._stage)]
        found: dict[str, Sequence[Shift]] = {
            each.id: self._settled[_try_of(each)] for each in failed if _try_of(each) in self._settled
        }
        self.problem = ""
        if not asked:
            return found
        try:
            self._read(self._connect(), asked, found, now)
        except NOT_READ as error:
            self._note(f"could not be read: {error}")
        return found

    def _read(
        self, clients: StageClients, asked: Sequence[Execution], found: dict[str, Sequence[Shift]], now: datetime
    ) -> None:
        """The newest first. One that cannot be read, as of a stack that is deleted by now, does not hide the others;
        an account that does not answer is asked no more.
        """
        began = self._clock()
        for number, execution in enumerate(reversed(asked)):
            if self._patience is not None and self._clock() - began > self._patience.total_seconds():
                self._note(f"was not read in time: {len(asked) - number} failed changes are left for the next time")
                return
            try:
                found[execution.id] = read_shifts(clients, execution, self._stage)
            except BotoCoreError:
                raise
            except NOT_READ as error:
                self._note(f"could not be read: {error}")
                continue
            if now - execution.updated_at > SETTLED:
                self._settled[_try_of(execution)] = found[execution.id]

    def _note(self, what: str) -> None:
        self.problem = self.problem or f"CodeDeploy of {self._stage} {what}"


def _try_of(execution: Execution) -> tuple[str, datetime]:
    """A stage that is retried changes an execution that was over."""
    return execution.id, execution.updated_at
