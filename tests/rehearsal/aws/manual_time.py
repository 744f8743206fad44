"""Wall time that a test moves by hand, and what a test needs to watch threads that wait on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rehearsal.machine.clock import Clock

DEADLINE_SECONDS = 5.0


class ManualTime:
    """`start` is the wall's time in seconds since the epoch; monotonic time starts at 0."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._start = start
        self._elapsed = 0.0

    def monotonic(self) -> float:
        return self._elapsed

    def wall(self) -> float:
        return self._start + self._elapsed

    def advance(self, seconds: float) -> None:
        self._elapsed += seconds


@contextmanager
def manual_clock(speed: float = 60.0, start: float = 1_800_000_000.0) -> Iterator[tuple[Clock, ManualTime]]:
    """A clock on a wall time that moves by hand. 1,800,000,000 is the start of a minute."""
    wall = ManualTime(start)
    clock = Clock(speed, monotonic=wall.monotonic, wall=wall.wall)
    try:
        yield clock, wall
    finally:
        clock.close()


def eventually(condition: Callable[[], bool]) -> None:
    """Waits in real time, a few milliseconds normally, until another thread made it true."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.001)


def settle() -> None:
    """Gives other threads the time to do what they should not do."""
    time.sleep(0.02)


class Running:
    """A function in a thread of its own, with its result or its error."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.result: object = None
        self.error: Exception | None = None
        self._function = function
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> None:
        self._thread.join(DEADLINE_SECONDS)
        assert self.is_done, "it still waits"

    def _run(self) -> None:
        try:
            self.result = self._function()
        except Exception as exc:  # noqa: BLE001  the test looks at it
            self.error = exc
