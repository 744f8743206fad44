"""Tells a poller that its source may have something, so that it need not ask the source all the time.

A ring is work of the AWS minute in which it came: the minute does not end before the poller has looked. So what is
written to a source in a minute reaches its function in that minute, however fast the clock. It must not know sources.
"""

from __future__ import annotations

import threading

from rehearsal.machine.clock import Clock, Work

_LONGEST_PAUSE_SECONDS = 0.05
_SHORTEST_PAUSE_SECONDS = 0.005
_GATHER_SECONDS = 0.03  # Lambda asks a shard once a second: what is written meanwhile comes in one answer


class Bell:
    """Safe to use from several threads; one of them waits."""

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock = clock
        self._name = name
        self._lock = threading.Lock()
        self._rung = threading.Event()
        self._work: Work | None = None
        self._closed = threading.Event()

    def ring(self) -> None:
        with self._lock:
            if not self._closed.is_set() and self._work is None:
                self._work = self._clock.begin_work(self._name)
        self._rung.set()

    def wait(self, seconds: float) -> Work | None:
        """Returns a moment after it rings, or when so many wall seconds are over.

        The work, if it rang, is the waiter's to end.
        """
        if self._rung.wait(seconds):
            self._closed.wait(_GATHER_SECONDS)
        self._rung.clear()
        with self._lock:
            work, self._work = self._work, None
            return work

    def close(self) -> None:
        """Wakes the waiter; a ring is nobody's work any more."""
        with self._lock:
            self._closed.set()
            work, self._work = self._work, None
        if work is not None:
            work.done()
        self._rung.set()


def pause_until(clock: Clock, until: float, *, stop: threading.Event) -> None:
    """Returns at an AWS time, or when `stop` is set.

    Not `Clock.sleep`: that makes the clock fast, and nobody waits for what a poller does in the background.
    """
    while (left := until - clock.now()) > 0:
        if stop.wait(wall_seconds(clock, left)):
            return


def wall_seconds(clock: Clock, aws_seconds: float) -> float:
    """A moment of the wall that is not longer than the AWS seconds, after which one has to look at the clock again."""
    return max(_SHORTEST_PAUSE_SECONDS, min(_LONGEST_PAUSE_SECONDS, aws_seconds / clock.rate))
