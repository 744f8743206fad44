from __future__ import annotations

import threading
import time

import pytest

from rehearsal.machine.threads import run_together


def test_run_together_raises_the_first_error_after_all_have_ended() -> None:
    ended: list[int] = []

    def work(number: int) -> None:
        if number:
            raise ValueError(str(number))
        time.sleep(0.1)
        ended.append(number)

    with pytest.raises(ValueError, match="1"):
        run_together(work, [2, 1, 0][::-1], name="work")

    assert ended == [0]


def test_run_together_does_not_wait_for_what_hangs_when_all_is_lost() -> None:
    never = threading.Event()
    started = time.monotonic()

    def hang(_: int) -> None:
        never.wait(60)

    run_together(hang, [1, 2], name="work", is_lost=lambda: True, give_up_seconds=0.1)

    never.set()
    assert time.monotonic() - started < 10
