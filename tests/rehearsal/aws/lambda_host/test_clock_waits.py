from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Iterator

import pytest

from rehearsal.aws.lambda_host.clock_waits import ClockWaits
from rehearsal.machine.clock import Clock, ClockClosed
from rehearsal.machine.loop_thread import LoopThread
from tests.rehearsal.aws.manual_time import ManualTime, eventually, manual_clock, settle


@pytest.fixture
def time_() -> Iterator[tuple[Clock, ManualTime]]:
    with manual_clock(speed=1) as made:
        yield made


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread("test") as thread:
        yield thread


def test_each_wakes_when_its_time_has_come_and_not_before(time_: tuple[Clock, ManualTime], loop: LoopThread) -> None:
    clock, wall = time_
    waits = ClockWaits(clock, loop.loop)
    begun: list[int] = []
    woken: list[int] = []

    async def sleep(seconds: int) -> None:
        begun.append(seconds)
        await waits.sleep(seconds)
        woken.append(seconds)

    sleepers = [asyncio.run_coroutine_threadsafe(sleep(seconds), loop.loop) for seconds in (120, 60, 180)]
    eventually(lambda: len(begun) == 3)
    settle()
    early = list(woken)
    wall.advance(60)
    clock.wake()
    eventually(lambda: woken == [60])
    wall.advance(120)
    clock.wake()

    concurrent.futures.wait(sleepers, timeout=5)
    assert early == []
    assert woken == [60, 120, 180]
    waits.close()


def test_who_waits_when_the_run_ends_is_told_so(time_: tuple[Clock, ManualTime], loop: LoopThread) -> None:
    clock, _ = time_
    waits = ClockWaits(clock, loop.loop)
    sleeper = asyncio.run_coroutine_threadsafe(waits.sleep(60), loop.loop)
    settle()

    clock.close()

    with pytest.raises(ClockClosed):
        sleeper.result(5)
    with pytest.raises(ClockClosed):
        loop.run(waits.sleep(60), timeout=5)
