"""Releases commits one beside the other, each in a thread of its own: who waits for whom, the pipeline's mode decides.

It must not look for commits. What ends an execution for a reason of the local run's own ends no other: events tell it.
"""

from __future__ import annotations

import logging
import threading
import time

from rehearsal.codepipeline.execution import Execution, Trigger
from rehearsal.codepipeline.gate import Gate
from rehearsal.errors import RehearsalError
from rehearsal.local_pipeline import LocalPipeline
from rehearsal.rehearsal import source_of
from rehearsal.run_events import CommitRefused, Notice, Status
from rehearsal.source.commit import Commit

_ENDING_SECONDS = 10.0
logger = logging.getLogger(__name__)


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
        try:
            ended = self._local.engine.follow(self._local.deployed(), execution)
        except RehearsalError as exc:
            self._tell_error(commit, exc)
        except Exception:
            logger.exception("What released commit %s broke.", commit.id[:12])
        else:
            stopped_by = ended.stopped_by
            if stopped_by is not None and stopped_by.gate == Gate.SYNTH:
                self._local.cloud.event_log.emit(
                    CommitRefused(commit=commit.id, title=commit.title, reason=stopped_by.reason)
                )

    def _tell_error(self, commit: Commit, error: RehearsalError) -> None:
        """What ends the whole `up` says so itself."""
        if not self._local.cloud.failure.has_happened:
            text = (
                f"Commit {commit.id[:12]} is not released for an error of the local run, and nothing is said about it."
            )
            self._local.cloud.event_log.emit(Notice(text=text, detail=str(error)))
