"""The run's clock: rates, waits, minutes and their back-pressure."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.errors import EngineError
from rehearsal.machine.clock import Clock, ClockClosed
from tests.rehearsal.aws.manual_time import Running, eventually, manual_clock, settle

MINUTE = 60.0


def test_clock_keeps_the_walls_rate_when_nobody_waits() -> None:
    with manual_clock(speed=60) as (clock, wall):
        start = clock.now()

        wall.advance(7)

        assert clock.now() == start + 7
        assert clock.offset() == 0
        assert clock.rate == 1


def test_clock_runs_fast_while_somebody_sleeps_and_not_longer() -> None:
    with manual_clock(speed=60) as (clock, wall):
        start = clock.now()
        sleeper = Running(lambda: clock.sleep(600))
        eventually(lambda: clock.rate == 60)

        wall.advance(9.5)
        clock.wake()
        still_sleeps = not sleeper.is_done
        wall.advance(0.5)
        clock.wake()
        sleeper.join()
        wall.advance(3)

        assert still_sleeps
        assert sleeper.error is None
        assert clock.rate == 1
        assert clock.now() == pytest.approx(start + 600 + 3, abs=0.01)
        assert clock.offset() == pytest.approx(590)


def test_clock_keeps_the_walls_rate_while_it_is_held_though_somebody_sleeps() -> None:
    with manual_clock(speed=60) as (clock, wall):
        sleeper = Running(lambda: clock.sleep(600))
        eventually(lambda: clock.rate == 60)
        start = clock.now()

        with clock.hold(), clock.hold():
            wall.advance(5)
            held = clock.now() - start
        wall.advance(5)
        fast = clock.now() - start - held

        assert held == 5
        assert fast == 300
        clock.close()
        sleeper.join()


def test_two_sleepers_do_not_make_it_faster_than_one() -> None:
    with manual_clock(speed=60) as (clock, wall):
        sleepers = [Running(lambda: clock.sleep(60)) for _ in range(2)]
        eventually(lambda: clock.rate == 60)

        wall.advance(1)
        clock.wake()

        for sleeper in sleepers:
            sleeper.join()
        assert clock.offset() == pytest.approx(59)


def test_ten_minutes_ago_means_the_same_on_both_sides() -> None:
    with manual_clock(speed=60) as (clock, wall):
        sleeper = Running(lambda: clock.sleep(120))
        eventually(lambda: clock.rate == 60)
        wall.advance(2)
        clock.wake()
        sleeper.join()

        assert clock.to_aws(wall.wall() - 600) == pytest.approx(clock.now() - 600, abs=0.01)
        assert clock.to_wall(clock.now() - 600) == pytest.approx(wall.wall() - 600, abs=0.01)


@given(st.floats(-1e6, 1e6))
def test_to_wall_undoes_to_aws(distance: float) -> None:
    with manual_clock() as (clock, wall):
        moment = wall.wall() + distance

        assert clock.to_wall(clock.to_aws(moment)) == pytest.approx(moment, abs=0.01)


def test_wait_until_tells_that_the_condition_holds() -> None:
    with manual_clock() as (clock, _):
        event = threading.Event()
        waiter = Running(lambda: clock.wait_until(event, timeout=600))
        eventually(lambda: clock.rate == 60)

        event.set()

        waiter.join()
        assert waiter.result is True
        assert clock.rate == 1


def test_wait_until_tells_that_the_condition_does_not_hold_when_the_time_is_over() -> None:
    with manual_clock(speed=60) as (clock, wall):
        waiter = Running(lambda: clock.wait_until(lambda: False, timeout=600))
        eventually(lambda: clock.rate == 60)

        wall.advance(10)

        waiter.join()
        assert waiter.result is False


def test_wait_until_asks_once_more_when_the_time_is_over() -> None:
    with manual_clock() as (clock, _):
        answers = iter([False, True])

        assert clock.wait_until(lambda: next(answers), timeout=0) is True


def test_condition_of_a_wait_may_use_the_clock_from_another_thread() -> None:
    with manual_clock() as (clock, _):
        own_lock = threading.Lock()

        def condition() -> bool:
            reader = Running(clock.now)
            with own_lock:
                reader.join()
            return True

        assert clock.wait_until(condition, timeout=0) is True


def test_minute_callbacks_run_at_the_boundary_lowest_order_first() -> None:
    with manual_clock(start=1_800_000_030.0) as (clock, wall):
        seen: list[tuple[str, float]] = []
        clock.every_minute(lambda at: seen.append(("schedules", at)), name="schedules", order=10)
        clock.every_minute(lambda at: seen.append(("alarms", at)), name="alarms", order=0)

        wall.advance(29)
        clock.wake()
        before = list(seen)
        wall.advance(1)
        clock.wake()
        eventually(lambda: len(seen) == 2)

        assert before == []
        assert seen == [("alarms", 1_800_000_060.0), ("schedules", 1_800_000_060.0)]


def test_no_minute_is_skipped_when_the_wall_jumps() -> None:
    with manual_clock() as (clock, wall):
        boundaries: list[float] = []
        clock.every_minute(boundaries.append, name="alarms", order=0)

        wall.advance(3600)
        clock.wake()
        eventually(lambda: len(boundaries) == 1)
        wall.advance(3600)
        clock.wake()
        eventually(lambda: len(boundaries) == 2)

        assert boundaries == [1_800_000_060.0, 1_800_000_120.0]


def test_clock_stops_short_of_the_next_minute_until_the_work_of_this_one_is_done() -> None:
    with manual_clock() as (clock, wall):
        boundaries: list[float] = []
        clock.every_minute(boundaries.append, name="alarms", order=0)
        work = clock.begin_work("prober")

        wall.advance(3600)
        clock.wake()
        settle()
        stopped_at, unfinished = clock.now(), clock.unfinished_work()
        none_yet = list(boundaries)
        work.done()
        work.done()
        eventually(lambda: len(boundaries) == 1)

        assert stopped_at // MINUTE == 1_800_000_000.0 // MINUTE
        assert 1_800_000_060.0 - stopped_at < 0.01
        assert unfinished == ("prober",)
        assert none_yet == []
        assert boundaries == [1_800_000_060.0]
        assert clock.now() == 1_800_000_060.0


def test_work_of_a_later_minute_stops_the_clock_only_there() -> None:
    with manual_clock() as (clock, wall):
        boundaries: list[float] = []
        clock.every_minute(boundaries.append, name="alarms", order=0)
        work = clock.begin_work("second attempt", due=1_800_000_090.0)

        not_yet = clock.unfinished_work()
        wall.advance(60)
        clock.wake()
        eventually(lambda: len(boundaries) == 1)
        wall.advance(3600)
        clock.wake()
        eventually(lambda: clock.unfinished_work() == ("second attempt",))
        settle()
        stopped_at = clock.now()
        work.done()
        eventually(lambda: len(boundaries) == 2)

        assert not_yet == ()
        assert 0 < 1_800_000_120.0 - stopped_at < 0.01


def test_work_is_done_when_its_block_ends() -> None:
    with manual_clock() as (clock, _):
        with clock.begin_work("prober"):
            during = clock.unfinished_work()

        assert during == ("prober",)
        assert clock.unfinished_work() == ()


def test_clock_stops_short_of_the_next_minute_while_a_callback_runs() -> None:
    with manual_clock() as (clock, wall):
        may_end, has_begun = threading.Event(), threading.Event()

        def callback(_: float) -> None:
            has_begun.set()
            may_end.wait(5)

        clock.every_minute(callback, name="slow", order=0)
        wall.advance(60)
        clock.wake()
        assert has_begun.wait(5)

        wall.advance(3600)
        clock.wake()
        settle()
        stopped_at = clock.now()
        may_end.set()

        assert 1_800_000_119 < stopped_at < 1_800_000_120


def test_sleeper_reaches_its_time_across_minutes_that_wait_for_work() -> None:
    with manual_clock(speed=60) as (clock, wall):
        clock.every_minute(lambda _: None, name="alarms", order=0)
        work = clock.begin_work("prober")
        sleeper = Running(lambda: clock.sleep(90))
        eventually(lambda: clock.rate == 60)

        wall.advance(10)
        clock.wake()
        settle()
        slept_through = sleeper.is_done
        work.done()
        eventually(lambda: clock.now() >= 1_800_000_060.0)
        wall.advance(0.5)
        clock.wake()
        sleeper.join()

        assert not slept_through
        assert clock.now() == pytest.approx(1_800_000_090.0, abs=0.01)


def test_failing_callback_is_told_to_everybody_who_waits(caplog: pytest.LogCaptureFixture) -> None:
    with manual_clock() as (clock, wall), caplog.at_level(logging.CRITICAL):
        boundaries: list[float] = []

        def broken(_: float) -> None:
            raise RuntimeError("no such metric")

        clock.every_minute(broken, name="CloudWatch alarms", order=0)
        clock.every_minute(boundaries.append, name="schedules", order=1)
        sleeper = Running(lambda: clock.sleep(600))
        eventually(lambda: clock.rate == 60)

        wall.advance(1)
        clock.wake()
        sleeper.join()

        assert isinstance(sleeper.error, EngineError)
        assert "CloudWatch alarms: no such metric" in str(sleeper.error)
        assert isinstance(sleeper.error.__cause__, RuntimeError)
        eventually(lambda: boundaries == [1_800_000_060.0])
        with pytest.raises(EngineError, match="no such metric"):
            clock.sleep(1)


def test_callback_that_sleeps_on_the_clock_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    with manual_clock() as (clock, wall), caplog.at_level(logging.CRITICAL):
        clock.every_minute(lambda _: clock.sleep(1), name="sleepy", order=0)
        sleeper = Running(lambda: clock.sleep(600))
        eventually(lambda: clock.rate == 60)

        wall.advance(1)
        clock.wake()
        sleeper.join()

        assert "time would stand still" in str(sleeper.error)


def test_close_wakes_every_sleeper() -> None:
    with manual_clock() as (clock, _):
        sleepers = [Running(lambda: clock.sleep(600)), Running(lambda: clock.wait_until(lambda: False))]
        eventually(lambda: clock.rate == 60)

        clock.close()

        for sleeper in sleepers:
            sleeper.join()
            assert isinstance(sleeper.error, ClockClosed)
        with pytest.raises(ClockClosed):
            clock.sleep(1)


def test_time_goes_on_after_close_and_minutes_do_not() -> None:
    with manual_clock() as (clock, wall):
        boundaries: list[float] = []
        clock.every_minute(boundaries.append, name="alarms", order=0)

        clock.close()
        wall.advance(300)
        clock.wake()

        assert clock.now() == 1_800_000_300.0
        assert boundaries == []


@pytest.mark.parametrize("speed", [0.5, 0, -1, float("nan")])
def test_speed_below_one_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match=r"allowed is 1 or more"):
        Clock(speed)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["advance", "work", "done"]), st.floats(0, 200)), max_size=15))
def test_now_never_goes_back_nor_past_a_minute_whose_work_is_unfinished(steps: list[tuple[str, float]]) -> None:
    with manual_clock() as (clock, wall):
        clock.every_minute(lambda _: None, name="alarms", order=0)
        times, work = [clock.now()], []
        for step, seconds in steps:
            if step == "advance":
                wall.advance(seconds)
                clock.wake()
            elif step == "work":
                work.append((clock.begin_work("prober"), clock.now() // MINUTE))
            elif work:
                work.pop(0)[0].done()
            times.append(clock.now())
            assert all(times[-1] // MINUTE == minute for _, minute in work)
        assert times == sorted(times)


def test_an_aws_minute_takes_a_fraction_of_a_wall_second_at_high_speed() -> None:
    clock = Clock(6000)
    boundaries: list[float] = []
    try:
        clock.every_minute(boundaries.append, name="alarms", order=0)
        began_at, began = time.monotonic(), clock.now()

        clock.sleep(120)

        assert time.monotonic() - began_at < 2
        assert 120 <= clock.now() - began < 1000
        assert len(boundaries) >= 1
    finally:
        clock.close()


def test_when_tells_the_aws_time_of_a_past_moment_of_the_wall() -> None:
    with manual_clock(speed=60) as (clock, wall):
        started, start = wall.wall(), clock.now()
        wall.advance(10)
        sleeper = Running(lambda: clock.sleep(30))
        eventually(lambda: clock.rate == 60)
        wall.advance(0.5)
        clock.wake()
        sleeper.join()
        wall.advance(10)

        assert clock.when(started + 5) == start + 5
        assert clock.when(started + 10.25) == pytest.approx(start + 10 + 15)
        assert clock.when(started + 12) == pytest.approx(clock.now() - 8.5)
        assert clock.when(started - 100) == start - 100
        assert clock.when(wall.wall() + 100) == clock.now()


def test_when_knows_that_the_clock_stood_still_before_a_boundary() -> None:
    with manual_clock(speed=60) as (clock, wall):
        clock.every_minute(lambda at: None, name="nothing", order=0)
        work = clock.begin_work("slow")
        boundary = clock.now() // MINUTE * MINUTE + MINUTE
        wall.advance(100)
        stood_still = wall.wall()
        clock.wake()
        work.done()
        eventually(lambda: clock.now() >= boundary)

        assert clock.when(stood_still - 10) == pytest.approx(boundary, abs=0.01)
        assert clock.when(stood_still - 90) == pytest.approx(boundary - 50, abs=0.01)
