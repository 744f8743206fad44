from __future__ import annotations

import queue
import threading
import time

import pytest

from rehearsal.errors import EngineError
from rehearsal.machine.failure import Failure


def test_require_none_raises_the_reason_when_what_is_watched_has_ended() -> None:
    # given
    told: queue.Queue[str] = queue.Queue()
    failure = Failure(told.put)
    failure.require_none()

    # when
    failure.watch(lambda: "The emulator has ended.")

    # then
    assert told.get(timeout=5) == "The emulator has ended."
    assert failure.has_happened
    with pytest.raises(EngineError, match="The emulator has ended"):
        failure.require_none()


def test_an_end_is_no_failure_when_the_run_itself_stops() -> None:
    told: list[str] = []
    failure, ends = Failure(told.append), threading.Event()
    has_returned = threading.Event()

    def wait() -> str:
        ends.wait()
        has_returned.set()
        return "It has ended."

    failure.watch(wait)
    failure.end_watch()
    ends.set()

    assert has_returned.wait(5)
    failure.require_none()
    assert told == []


def test_require_none_waits_a_moment_for_the_end_when_what_is_watched_does_not_answer() -> None:
    failure, ends = Failure(is_well=lambda: False), threading.Event()

    def wait() -> str:
        ends.wait()
        return "It has ended."

    failure.watch(wait)
    threading.Timer(0.05, ends.set).start()

    with pytest.raises(EngineError, match="It has ended"):
        failure.require_none()


def test_require_none_does_not_take_silence_for_an_end() -> None:
    failure = Failure(is_well=lambda: False, notice_seconds=0.1)
    started = time.monotonic()

    failure.require_none()

    assert time.monotonic() - started < 5
