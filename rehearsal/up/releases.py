"""Releases commits one beside the other, each in a thread of its own: who waits for whom, the pipeline's mode decides.

It must not look for commits. What ends an execution for a reason of the local run's own ends no other: events tell it.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from rehearsal.codepipeline.execution import Execution, Trigger
from rehearsal.codepipeline.gate import Gate
from rehearsal.errors import RehearsalError
from rehearsal.local_pipeline import LocalPipeline
from rehearsal.rehearsal import source_of
from rehearsal.run_events import CommitRefused, Status
from rehearsal.source.commit import Commit

_ENDING_SECONDS = 10.0


class Releases:
    """Releases into `local`."""

    def __init__(self, local: LocalPipeline) -> None:
        self._local = local
        self._threads: list[threading.Thread] = []

    def begin(self, commit: Commit) -> Execution:
        """Returns as soon as the execution is there."""
        execution = self._local.deployed().new_execution(source_of(commit), Trigger.WEBHOOK)
        thread = threading.Thread(
            target=self._follow, args=(commit, execution), name=f"execution-{execution.number}", daemon=True
        )
        self._threads = [*(other for other in self._threads if other.is_alive()), thread]
        thread.start()
        return execution

    @property
    def is_idle(self) -> bool:
        """Whether no execution runs, whoever started it."""
        executions = self._local.deployed().executions
        return all(execution.status is not Status.IN_PROGRESS for execution in list(executions))

    def join(self) -> None:
        """After the engine was told to stop: until all have ended, or for some seconds."""
        deadline = time.monotonic() + _ENDING_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _follow(self, commit: Commit, execution: Execution) -> None:
        with suppress(RehearsalError):  # the events tell it
            ended = self._local.engine.follow(self._local.deployed(), execution)
            stopped_by = ended.stopped_by
            if stopped_by is not None and stopped_by.gate == Gate.SYNTH:
                self._local.cloud.event_log.emit(
                    CommitRefused(commit=commit.id, title=commit.title, reason=stopped_by.reason)
                )
