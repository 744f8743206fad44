"""Lets coroutines wait on the run's clock: one thread waits for whoever is due first.

It must not know who waits. While somebody waits here, somebody waits on the clock: it runs fast.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import threading
from itertools import count

from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Clock, ClockClosed


class ClockWaits:
    """See the module. `sleep` belongs to the loop's thread; `close` may come from any."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._loop = loop
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None
        self._over: RehearsalError | None = None

    async def sleep(self, seconds: float) -> None:
        """Waits for AWS seconds. Raises ClockClosed when the run ends, EngineError when its clock broke."""
        future: asyncio.Future[None] = self._loop.create_future()
        with self._changed:
            if self._over is not None:
                raise self._over
            heapq.heappush(self._due, (self._clock.now() + seconds, next(self._numbers), future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="clock-waits", daemon=True)
                self._thread.start()
            self._changed.notify()
        await future

    def close(self) -> None:
        """Whoever waits gets ClockClosed."""
        self._end(ClockClosed())

    def _serve(self) -> None:
        try:
            while (next_at := self._first()) is not None:
                self._clock.wait_until(lambda at=next_at: self._is_overtaken(at), timeout=next_at - self._clock.now())  # type: ignore[misc]
                self._release()
        except RehearsalError as exc:
            self._end(exc)

    def _first(self) -> float | None:
        """When the first one is due; waits until there is one. None when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._due or self._over)
            return None if self._over else self._due[0][0]

    def _is_overtaken(self, at: float) -> bool:
        """Somebody came who is due earlier, or it is over."""
        with self._changed:
            return self._over is not None or self._due[0][0] < at

    def _release(self) -> None:
        with self._changed:
            now = self._clock.now()
            while self._due and self._due[0][0] <= now:
                self._tell(heapq.heappop(self._due)[2], None)

    def _end(self, error: RehearsalError) -> None:
        with self._changed:
            self._over = self._over or error
            for _, _, future in self._due:
                self._tell(future, self._over)
            self._due.clear()
            self._changed.notify_all()

    def _tell(self, future: asyncio.Future[None], error: RehearsalError | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed with the run
            self._loop.call_soon_threadsafe(_settle, future, error)


def _settle(future: asyncio.Future[None], error: RehearsalError | None) -> None:
    if future.done():  # cancelled
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
