"""The queue of asynchronous events, with attempts that a test makes up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rehearsal.aws.lambda_host.asynchronous import AsynchronousInvocations, Event
from rehearsal.aws.lambda_host.event_invoke_config import Condition, EventInvokeConfig
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from rehearsal.aws.lambda_host.invocation_record import EndedEvent
from rehearsal.aws.lambda_host.metrics import InvocationMetrics
from rehearsal.errors import EngineError
from rehearsal.machine.clock import Clock, ClockClosed
from rehearsal.machine.loop_thread import LoopThread
from tests.rehearsal.aws.lambda_host.local_aws import RecordingSink
from tests.rehearsal.aws.manual_time import eventually

LIVE = FunctionArn("222222222222", "eu-west-1", "cars", "live")
OK = InvocationResult(version="7", payload=b"null")
FAILED = InvocationResult(version="7", payload=b'{"errorMessage": "no"}', function_error="Unhandled")
DIMENSIONS = ({"FunctionName": "cars"}, {"FunctionName": "cars", "Resource": "cars:live"})


class Queue:
    """The queue under test, its attempts' results taken from a list, one after another; None waits without end."""

    def __init__(self, loop: LoopThread, clock: Clock, config: EventInvokeConfig) -> None:
        self.results: list[InvocationResult | Exception | None] = []
        self.attempted_at: list[float] = []
        self.work_during: list[tuple[str, ...]] = []
        self.ended: list[EndedEvent] = []
        self.sink = RecordingSink()
        self._clock = clock
        self._config = config
        self._loop = loop
        self.invocations = AsynchronousInvocations(
            clock=clock,
            loop=loop.loop,
            attempt=self._attempt,
            config_of=self._config_of,
            deliver=self._deliver,
            metrics=InvocationMetrics(self.sink),
        )

    def close(self) -> None:
        self._loop.run(self.invocations.close(), timeout=5)

    def sums(self, name: str) -> list[float | None]:
        return [self.sink.sum(name, **dimensions) for dimensions in DIMENSIONS]

    async def _attempt(self, event: Event) -> InvocationResult:
        self.attempted_at.append(self._clock.now())
        self.work_during.append(self._clock.unfinished_work())
        result = self.results.pop(0)
        if result is None:
            await asyncio.Event().wait()
        if isinstance(result, Exception):
            raise result
        assert result is not None
        return result

    async def _config_of(self, function: FunctionArn) -> EventInvokeConfig:
        assert function == LIVE
        return self._config

    async def _deliver(self, ended: EndedEvent) -> None:
        self.ended.append(ended)


@contextmanager
def queue(*results: InvocationResult | Exception | None, config: EventInvokeConfig | None = None) -> Iterator[Queue]:
    clock = Clock(speed=2000)
    with LoopThread("test") as loop:
        made = Queue(loop, clock, config or EventInvokeConfig())
        made.results = list(results)
        try:
            yield made
        finally:
            clock.close()
            made.close()


def accept(queue: Queue) -> InvocationResult:
    return queue.invocations.accept(LIVE, b'{"n": 1}', request_id="id").result(10)


def test_an_event_that_succeeds_is_attempted_once_and_delivered_as_a_success() -> None:
    with queue(OK) as made:
        result = accept(made)

        assert result == OK
        assert [(ended.condition, ended.attempts) for ended in made.ended] == [(Condition.SUCCESS, 1)]
        assert made.ended[0].payload == b'{"n": 1}'
        assert made.sums("AsyncEventsReceived") == [1, 1]
        assert made.sums("AsyncEventsDropped") == [None, None]


def test_a_failing_event_is_tried_again_one_and_two_aws_minutes_later() -> None:
    with queue(FAILED, FAILED, OK) as made:
        accept(made)

        first, second, third = made.attempted_at
        assert 60 <= second - first < 120 <= third - second < 240  # a wall second is 2000 of this clock
        assert [(ended.condition, ended.attempts) for ended in made.ended] == [(Condition.SUCCESS, 3)]
        age = made.sink.sum("AsyncEventAge", FunctionName="cars")
        assert age is not None
        assert age > (60 + 180) * 1000


def test_an_event_whose_attempts_are_used_up_is_dropped_and_delivered_once() -> None:
    with queue(FAILED, FAILED, FAILED) as made:
        assert accept(made) == FAILED

        assert [(ended.condition, ended.attempts) for ended in made.ended] == [(Condition.RETRIES_EXHAUSTED, 3)]
        assert made.sums("AsyncEventsDropped") == [1, 1]
        assert made.results == []


def test_an_event_that_grows_too_old_ends_when_it_does() -> None:
    with queue(FAILED, config=EventInvokeConfig(maximum_age_seconds=60)) as made:
        accept(made)

        assert [(ended.condition, ended.attempts) for ended in made.ended] == [(Condition.EVENT_AGE_EXCEEDED, 1)]
        assert made.ended[0].ended_at - made.attempted_at[0] > 59
        assert made.sums("AsyncEventsDropped") == [1, 1]


def test_an_attempt_is_work_of_its_minute_and_a_wait_is_not() -> None:
    clock = Clock(speed=1)
    with LoopThread("test") as loop:
        made = Queue(loop, clock, EventInvokeConfig())
        made.results = [FAILED]
        made.invocations.accept(LIVE, b"{}", request_id="id")

        eventually(lambda: bool(made.attempted_at) and not clock.unfinished_work())
        assert made.work_during == [("cars (asynchronous)",)]
        clock.close()
        made.close()


def test_whoever_says_what_surrounds_an_attempt_has_it_around_each_and_no_work() -> None:
    entered: list[str] = []

    @contextmanager
    def during() -> Iterator[None]:
        entered.append("in")
        yield
        entered.append("out")

    with queue(FAILED, OK) as made:
        made.invocations.accept(LIVE, b"{}", request_id="id", during=during).result(10)

        assert entered == ["in", "out"] * 2
        assert made.work_during == [(), ()]


def test_an_event_whose_function_is_gone_is_dropped() -> None:
    with queue(EngineError("no such function")) as made:
        with pytest.raises(EngineError):
            accept(made)

        assert made.ended == []
        assert made.sums("AsyncEventsDropped") == [1, 1]


def test_events_that_are_pending_when_the_run_ends_are_ended_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(speed=1)
    with LoopThread("test") as loop:
        made = Queue(loop, clock, EventInvokeConfig())
        made.results = [FAILED, None]
        waiting = made.invocations.accept(LIVE, b"{}", request_id="waits for its second attempt")
        eventually(lambda: bool(made.attempted_at) and not clock.unfinished_work())
        running = made.invocations.accept(LIVE, b"{}", request_id="runs")
        eventually(lambda: len(made.attempted_at) == 2)

        clock.close()
        with caplog.at_level(logging.WARNING):
            made.close()

        assert isinstance(waiting.exception(5), ClockClosed)
        assert isinstance(running.exception(5), ClockClosed)
        assert clock.unfinished_work() == ()
        assert "2 asynchronous events pending, of cars" in caplog.text
        assert made.ended == []
