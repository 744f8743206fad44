from __future__ import annotations

import threading

from rehearsal.aws.event_sources.bell import Bell, pause_until
from tests.rehearsal.aws.manual_time import Running, manual_clock


def test_a_ring_is_work_until_the_waiter_ends_it() -> None:
    with manual_clock() as (clock, _):
        bell = Bell(clock, "poll")

        bell.ring()
        bell.ring()
        rung = clock.unfinished_work()
        work = bell.wait(5)
        assert work is not None
        work.done()

        assert rung == ("poll",)
        assert clock.unfinished_work() == ()
        assert bell.wait(0) is None


def test_a_closed_bell_wakes_its_waiter_and_holds_up_no_minute() -> None:
    with manual_clock() as (clock, _):
        bell = Bell(clock, "poll")
        waiter = Running(lambda: bell.wait(60))

        bell.close()
        waiter.join()
        bell.ring()

        assert clock.unfinished_work() == ()


def test_a_pause_does_not_make_the_clock_fast_but_takes_part_when_it_is() -> None:
    with manual_clock(speed=60) as (clock, wall):
        pausing = Running(lambda: pause_until(clock, clock.now() + 30, stop=threading.Event()))
        assert clock.rate == 1
        sleeper = Running(lambda: clock.sleep(40))

        while not sleeper.is_done:
            wall.advance(0.1)
            clock.wake()

        pausing.join()


def test_a_pause_ends_when_it_is_stopped() -> None:
    with manual_clock() as (clock, _):
        stop = threading.Event()
        pausing = Running(lambda: pause_until(clock, clock.now() + 3600, stop=stop))

        stop.set()

        pausing.join()
