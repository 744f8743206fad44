"""The warm workers of one version: an idle one is taken first, another is started only when all are busy.

Belongs to the event loop's thread. It must not know what a worker is asked to do. On Lambda a burst beyond the
account's concurrency is throttled; here a burst beyond `limit` waits for a worker, since this machine has few cores.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from rehearsal.aws.lambda_host.worker import Worker

WORKERS_PER_VERSION = 4
_OLDEST_SECONDS = 45 * 60.0  # the role's credentials, given at the start, last an hour


class WorkerPool:
    """`start` gives a worker that is ready, or raises what its invocation has to fail with."""

    def __init__(self, start: Callable[[], Awaitable[Worker]], *, limit: int = WORKERS_PER_VERSION) -> None:
        self._start = start
        self._limit = limit
        self._idle: list[tuple[Worker, float]] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._count = 0
        self._is_retired = False

    @property
    def busy(self) -> int:
        return self._count - len(self._idle)

    async def acquire(self) -> Worker:
        while True:
            while self._idle:
                worker, _ = self._idle.pop()
                if not worker.is_ended and time.monotonic() - worker.started_at < _OLDEST_SECONDS:
                    return worker
                self._end(worker)
            if self._count < self._limit:
                break
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        self._count += 1
        try:
            return await self._start()
        except BaseException:
            self._count -= 1
            self._wake_next()
            raise

    def release(self, worker: Worker) -> None:
        """Gives a worker back; one that ended, or whose version was retired, is not used again."""
        if worker.is_ended or self._is_retired:
            self._end(worker)
        else:
            self._idle.append((worker, time.monotonic()))
        self._wake_next()

    def end_idle(self, idle_seconds: float = 0.0) -> None:
        """Ends the workers that nobody used for so long."""
        now = time.monotonic()
        idle, self._idle = self._idle, []
        for worker, since in idle:
            if now - since >= idle_seconds:
                self._end(worker)
            else:
                self._idle.append((worker, since))

    def retire(self) -> None:
        """Ends idle workers now and busy ones when they are done."""
        self._is_retired = True
        self.end_idle()

    def _end(self, worker: Worker) -> None:
        self._count -= 1
        worker.kill()

    def _wake_next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
