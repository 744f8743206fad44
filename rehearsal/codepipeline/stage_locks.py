"""Who may be in a stage: one execution at a time, by the pipeline's execution mode, and none while the transition into
the stage is disabled.

SUPERSEDED: of the executions that wait for a stage, only the newest goes on; the others end as Superseded.
QUEUED: they go on in the order in which they were started. PARALLEL: nobody waits for another.
It must not run stages. Source: "How pipeline executions work", "Disable or enable transitions between stages".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rehearsal.codepipeline.definition import ExecutionMode
from rehearsal.codepipeline.execution import Execution

_POLL_SECONDS = 0.2


class Superseded(Exception):
    """A newer execution went on while this one waited between stages."""


def _always(_: str) -> bool:
    return True


class StageLocks:
    """The locks of one pipeline; `is_stopped` ends the waiting of an execution that was stopped.

    `is_open` tells whether the transition into a stage is enabled. Who waits sees a change within a moment.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: dict[str, Execution] = {}
        self._waiting: dict[str, list[Execution]] = {}

    @contextmanager
    def stage(
        self, name: str, execution: Execution, is_stopped: Callable[[], bool], is_open: Callable[[str], bool] = _always
    ) -> Iterator[None]:
        """Waits for the stage and keeps it. Raises Superseded when a newer execution waits for it as well."""
        if execution.definition.execution_mode is ExecutionMode.PARALLEL:
            with self._changed:
                while not (is_open(name) or is_stopped()):
                    self._changed.wait(_POLL_SECONDS)
            yield
            return
        self._enter(name, execution, is_stopped, is_open)
        try:
            yield
        finally:
            self.leave(name, execution)

    def take(self, name: str, begin: Callable[[], Execution]) -> Execution | None:
        """Keeps the stage for the execution that `begin` makes, ahead of all that wait; None where one is inside."""
        with self._changed:
            if name in self._inside:
                return None
            execution = self._inside[name] = begin()
            return execution

    def leave(self, name: str, execution: Execution) -> None:
        """Nothing where that execution is not inside."""
        with self._changed:
            if self._inside.get(name) is execution:
                del self._inside[name]
            self._changed.notify_all()

    def _enter(
        self, name: str, execution: Execution, is_stopped: Callable[[], bool], is_open: Callable[[str], bool]
    ) -> None:
        with self._changed:
            waiting = self._waiting.setdefault(name, [])
            waiting.append(execution)
            self._changed.notify_all()
            try:
                while not is_stopped():
                    newest = max(waiting, key=lambda other: other.number)
                    is_superseding = execution.definition.execution_mode is ExecutionMode.SUPERSEDED
                    if is_superseding and newest is not execution:
                        raise Superseded
                    first = min(waiting, key=lambda other: other.number)
                    is_first = is_superseding or first is execution
                    if name not in self._inside and is_first and is_open(name):
                        self._inside[name] = execution
                        return
                    self._changed.wait(_POLL_SECONDS)
            finally:
                waiting.remove(execution)
                self._changed.notify_all()
