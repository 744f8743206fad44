"""The run's clock: AWS time on this machine, fast only while somebody does nothing but wait for it.

One AWS second takes one wall second, except while at least one waiter sleeps on the clock and nobody holds it: then
`speed` AWS seconds pass in a wall second. So builds take what they take, and only traffic shifts, bakes and waits of
rules are accelerated.

AWS minutes have back-pressure: at each minute's boundary the registered callbacks run, and the clock stops just before
the next boundary until they and the work that was begun are done. So a fast clock never outruns slow functions, and
what a minute's work measures belongs to that minute.

It must not know who waits, nor what is done at a boundary.
"""

from __future__ import annotations

import bisect
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from rehearsal.errors import EngineError, RehearsalError

MINUTE_SECONDS = 60.0
_SHORT_OF_BOUNDARY_SECONDS = 0.001
_POLL_WALL_SECONDS = 0.01
_REMEMBERED_MOMENTS = 100_000

MinuteCallback = Callable[[float], None]
log = logging.getLogger(__name__)


class ClockClosed(RehearsalError):
    """The run ended while somebody waited for AWS time to pass."""

    def __init__(self) -> None:
        super().__init__("The run has ended: nobody can wait on its clock any more.")


@dataclass(frozen=True)
class _Moment:
    """From this moment of the wall on, the clock went at `rate`."""

    wall: float
    aws: float
    rate: float


@dataclass(order=True)
class _Registration:
    order: int
    name: str
    callback: MinuteCallback = field(compare=False)


class Work:
    """Has to be done before the AWS minute of `due` ends, or the one that runs. `done` may come twice."""

    def __init__(self, clock: Clock, name: str, due: float) -> None:
        self.name = name
        self.due = due
        self._clock = clock

    def done(self) -> None:
        self._clock._finish(self)

    def __enter__(self) -> Work:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.done()


class Clock:
    """See the module. Times are seconds since the epoch; safe to use from several threads.

    `monotonic` and `wall` are the sources of wall time; after a jump of a source of one's own, call `wake`.
    """

    def __init__(
        self,
        speed: float = 60.0,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if not speed >= 1:
            raise ValueError(f"The clock's speed is {speed}; allowed is 1 or more (60 makes an AWS minute a second).")
        self.speed = speed
        self._monotonic = monotonic
        self._wall = wall
        self._changed = threading.Condition(threading.RLock())
        self._anchor_aws = wall()
        self._anchor_monotonic = monotonic()
        self._rate = 1.0
        self._moments = deque([_Moment(self._anchor_aws, self._anchor_aws, 1.0)], _REMEMBERED_MOMENTS)
        self._waiters = 0
        self._holds = 0
        self._work: set[Work] = set()
        self._registrations: list[_Registration] = []
        self._boundary = float("inf")
        self._ticker: threading.Thread | None = None
        self._failure: EngineError | None = None
        self._is_closed = False

    def now(self) -> float:
        """The AWS time. It never goes back."""
        with self._changed:
            elapsed = max(0.0, self._monotonic() - self._anchor_monotonic)
            return max(self._anchor_aws, min(self._anchor_aws + elapsed * self._rate, self._ceiling()))

    def offset(self) -> float:
        """How far AWS time is ahead of the wall clock; negative when it waited at a boundary."""
        return self.now() - self._wall()

    def to_aws(self, wall: float) -> float:
        """The AWS time as far from `now` as `wall` is from the wall clock's present."""
        return wall + self.offset()

    def to_wall(self, aws: float) -> float:
        """The inverse of `to_aws`."""
        return aws - self.offset()

    def when(self, wall: float) -> float:
        """The AWS time that it was at a past moment of the wall clock, as the clock has gone since it was made.

        For the age of what somebody else stamped with wall time, in AWS seconds.
        """
        now = self.now()
        with self._changed:
            index = bisect.bisect_right(self._moments, wall, key=lambda moment: moment.wall)
            if index == 0:
                return min(now, self._moments[0].aws - (self._moments[0].wall - wall))
            moment = self._moments[index - 1]
            ceiling = self._moments[index].aws if index < len(self._moments) else now
        return min(now, ceiling, moment.aws + (wall - moment.wall) * moment.rate)

    @property
    def rate(self) -> float:
        """AWS seconds per wall second at present: 1, or `speed` while somebody waits."""
        with self._changed:
            return self._rate

    def sleep(self, seconds: float) -> None:
        """Waits for AWS seconds, fast. Raises ClockClosed when the run ends, EngineError when a callback failed."""
        self._wait_until(None, seconds)

    def wait_until(self, condition: Callable[[], bool] | threading.Event, timeout: float | None = None) -> bool:
        """Waits, fast, until the condition holds or `timeout` AWS seconds are over; tells whether it holds.

        Raises as `sleep` does.
        """
        predicate = condition.is_set if isinstance(condition, threading.Event) else condition
        return self._wait_until(predicate, timeout)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keeps one AWS second at one wall second while real work is in flight, whoever waits."""
        self._count(holds=1)
        try:
            yield
        finally:
            self._count(holds=-1)

    def begin_work(self, name: str, *, due: float | None = None) -> Work:
        """The clock does not reach the next minute's boundary before `done` was called on what this returns.

        With `due`, an AWS time: the boundary after that, so that what waits until then is not late by minutes where
        its thread is slow.
        """
        work = Work(self, name, float("-inf") if due is None else due)
        with self._changed:
            self._work.add(work)
        return work

    def unfinished_work(self) -> tuple[str, ...]:
        """The names of the work that the next minute waits for."""
        with self._changed:
            return tuple(sorted(work.name for work in self._work if self._is_due(work)))

    def every_minute(self, callback: MinuteCallback, *, name: str, order: int) -> None:
        """Calls `callback` with the boundary's AWS time at each AWS minute's boundary, lowest `order` first.

        Callbacks of a boundary run one after another in one thread of the clock; what takes long begins its work
        (`begin_work`) and returns. A callback must not sleep on the clock. One that raises breaks the run: the error
        is logged, and everybody who waits on the clock gets it as EngineError.
        """
        with self._changed:
            self._registrations = sorted([*self._registrations, _Registration(order, name, callback)])
            if self._ticker is None and not self._is_closed:
                self._boundary = (self.now() // MINUTE_SECONDS + 1) * MINUTE_SECONDS
                self._ticker = threading.Thread(target=self._tick, name="clock", daemon=True)
                self._ticker.start()

    def wake(self) -> None:
        """Makes everybody who waits look again, at the time and at their condition."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Ends the minutes and wakes every waiter with ClockClosed. Time itself goes on, at the wall's rate."""
        with self._changed:
            self._anchor(self.now())
            self._is_closed = True
            self._boundary = float("inf")
            self._choose_rate()
        if self._ticker is not None and self._ticker is not threading.current_thread():
            self._ticker.join(timeout=5)

    def _is_due(self, work: Work) -> bool:
        return work.due <= self._ceiling()

    def _ceiling(self) -> float:
        return self._boundary - _SHORT_OF_BOUNDARY_SECONDS

    def _anchor(self, aws: float) -> None:
        self._anchor_aws = aws
        self._anchor_monotonic = self._monotonic()

    def _remember_moment(self) -> None:
        self._moments.append(_Moment(self._wall(), self._anchor_aws, self._rate))

    def _count(self, *, waiters: int = 0, holds: int = 0) -> None:
        with self._changed:
            self._waiters += waiters
            self._holds += holds
            self._choose_rate()

    def _choose_rate(self) -> None:
        is_fast = self._waiters > 0 and self._holds == 0 and not self._is_closed
        rate = self.speed if is_fast else 1.0
        self._anchor(self.now())
        if rate != self._rate:
            self._rate = rate
            self._remember_moment()
        self._changed.notify_all()

    def _finish(self, work: Work) -> None:
        with self._changed:
            self._work.discard(work)
            self._changed.notify_all()

    def _wait_until(self, predicate: Callable[[], bool] | None, seconds: float | None) -> bool:
        if threading.current_thread() is self._ticker:
            raise EngineError("A callback of the clock's minute slept on the clock: time would stand still.")
        deadline = float("inf") if seconds is None else self.now() + seconds
        self._count(waiters=1)
        try:
            while not (predicate is not None and predicate()):  # without the lock: it may take locks of its own
                with self._changed:
                    self._raise_if_over()
                    is_over = self.now() >= deadline
                    if not is_over:
                        is_polled = predicate is not None
                        self._changed.wait(_POLL_WALL_SECONDS if is_polled else self._wall_seconds(deadline))
                if is_over:
                    return predicate is not None and predicate()
            return True
        finally:
            self._count(waiters=-1)

    def _raise_if_over(self) -> None:
        if self._failure is not None:
            raise EngineError(str(self._failure)) from self._failure.__cause__
        if self._is_closed:
            raise ClockClosed

    def _wall_seconds(self, until: float) -> float | None:
        """How long the clock takes to get there; None while it stands still before a boundary."""
        now = self.now()
        if now >= self._ceiling():
            return None
        return (min(until, self._ceiling()) - now) / self._rate

    def _tick(self) -> None:
        while (boundary := self._next_boundary()) is not None:
            for registration in list(self._registrations):
                try:
                    registration.callback(boundary)
                except Exception as exc:  # noqa: BLE001  the callback is not ours: its error is handed to who waits
                    self._fail(registration.name, exc)

    def _next_boundary(self) -> float | None:
        """Waits for the boundary and passes it; None when the clock is closed."""
        with self._changed:
            while not self._is_closed:
                if self.now() >= self._ceiling() and not any(map(self._is_due, self._work)):
                    boundary = self._boundary
                    self._boundary += MINUTE_SECONDS
                    self._anchor(boundary)
                    self._remember_moment()
                    self._changed.notify_all()
                    return boundary
                self._changed.wait(self._wall_seconds(self._boundary))
            return None

    def _fail(self, name: str, exc: Exception) -> None:
        log.error("The clock's callback %r failed.", name, exc_info=exc)
        failure = EngineError(f"What runs at each AWS minute's boundary failed: {name}: {exc}")
        failure.__cause__ = exc
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()
