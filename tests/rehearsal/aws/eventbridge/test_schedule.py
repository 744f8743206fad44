from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from rehearsal.aws.eventbridge.rule_targets import MatchedEvent
from rehearsal.aws.eventbridge.schedule import Schedules
from rehearsal.aws.lambda_host.function import InvocationResult
from rehearsal.aws.resource import ResourceFailed, ResourceRequest
from rehearsal.machine.clock import Clock

PROBER = "arn:aws:lambda:eu-west-1:222222222222:function:prober"
TARGETS = [{"Id": "Target0", "Arn": PROBER}]


class FakeFunctions:
    """Remembers invocations; each runs until `finish` is set, and makes `attempts` of them."""

    def __init__(self, attempts: int = 1) -> None:
        self.invoked: list[tuple[str, Any]] = []
        self.finish = threading.Event()
        self.finish.set()
        self.began = threading.Semaphore(0)
        self._attempts = attempts

    def invoke(
        self,
        function_arn: str,
        event: Any,
        *,
        asynchronous: bool = False,
        during: Callable[[], AbstractContextManager[object]],
    ) -> InvocationResult:
        assert asynchronous
        for _ in range(self._attempts):
            with during():
                self.invoked.append((function_arn, event))
                self.began.release()
                self.finish.wait(5)
        return InvocationResult(version="1", payload=b"null")

    def wait(self, count: int) -> None:
        for _ in range(count):
            assert self.began.acquire(timeout=5)


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    yield clock
    clock.close()


def request(properties: dict[str, Any], **changes: Any) -> ResourceRequest:
    return ResourceRequest(
        **{
            "account": "222222222222",
            "region": "eu-west-1",
            "stack_name": "Staging-Prober",
            "stack_id": "id",
            "logical_id": "EveryMinute",
            "resource_type": "AWS::Events::Rule",
            "properties": {
                "ScheduleExpression": "rate(1 minute)",
                "State": "ENABLED",
                "Targets": TARGETS,
                **properties,
            },
            **changes,
        }
    )


def no_delivery(matched: MatchedEvent) -> None:
    raise AssertionError(matched)


def boundary(clock: Clock) -> float:
    return clock.now() // 60 * 60 + 60


def test_a_due_rule_hands_what_is_for_a_queue_to_the_delivery_of_events(clock: Clock) -> None:
    delivered: list[MatchedEvent] = []
    schedules = Schedules(clock, FakeFunctions(), delivered.append)
    queue = "arn:aws:sqs:eu-west-1:222222222222:queue"
    more = {"RetryPolicy": {"MaximumRetryAttempts": "2"}, "DeadLetterConfig": {"Arn": f"{queue}-dead"}}
    targets = [{"Id": "1", "Arn": queue, **more}, {"Id": "2", "Arn": queue, "Input": '{"wake": "up"}'}]
    rule = schedules.create(request({"Name": "nightly", "Targets": targets}))

    schedules.run_due(1_800_000_000.0)

    first, second = delivered
    assert (first.rule_arn, first.target_arn) == (rule.attributes["Arn"], queue)
    assert (first.retry_attempts, first.dead_letter_arn) == (2, f"{queue}-dead")
    assert json.loads(first.payload)["detail-type"] == "Scheduled Event"
    assert json.loads(second.payload) == {"wake": "up"}


def test_a_due_rule_invokes_its_function_with_the_scheduled_event(clock: Clock) -> None:
    functions = FakeFunctions()
    schedules = Schedules(clock, functions, no_delivery)
    rule = schedules.create(request({"Name": "probe"}))

    schedules.run_due(1_800_000_000.0)

    functions.wait(1)
    ((arn, event),) = functions.invoked
    assert arn == PROBER
    assert (event["detail-type"], event["source"]) == ("Scheduled Event", "aws.events")
    assert event["time"] == "2027-01-15T08:00:00Z"
    assert event["resources"] == [rule.attributes["Arn"]]
    assert rule.attributes["Arn"] == "arn:aws:events:eu-west-1:222222222222:rule/probe"


def test_a_constant_input_takes_the_events_place(clock: Clock) -> None:
    functions = FakeFunctions()
    schedules = Schedules(clock, functions, no_delivery)
    schedules.create(request({"Targets": [{**TARGETS[0], "Input": '{"n": 1}'}]}))

    schedules.run_due(boundary(clock))

    functions.wait(1)
    assert functions.invoked == [(PROBER, {"n": 1})]


def test_the_clock_has_unfinished_work_until_the_invocation_has_ended(clock: Clock) -> None:
    functions = FakeFunctions()
    functions.finish.clear()
    schedules = Schedules(clock, functions, no_delivery)
    schedules.create(request({"Name": "probe"}))

    schedules.run_due(boundary(clock))
    during = clock.unfinished_work()
    functions.finish.set()

    assert during == ("probe → prober",)
    assert clock.wait_until(lambda: not clock.unfinished_work(), timeout=600)


def test_a_second_attempt_is_work_again(clock: Clock) -> None:
    functions = FakeFunctions(attempts=2)
    schedules = Schedules(clock, functions, no_delivery)
    schedules.create(request({}))

    schedules.run_due(boundary(clock))

    functions.wait(2)
    assert clock.wait_until(lambda: not clock.unfinished_work(), timeout=600)


def test_a_rule_that_is_disabled_deleted_or_not_due_invokes_nothing(clock: Clock) -> None:
    functions = FakeFunctions()
    schedules = Schedules(clock, functions, no_delivery)
    schedules.create(request({"Name": "disabled", "State": "DISABLED"}))
    schedules.create(request({"Name": "deleted"}))
    schedules.delete(request({"Name": "deleted"}, physical_id="deleted"))
    schedules.create(request({"Name": "yearly", "ScheduleExpression": "cron(0 0 1 1 ? 1999)"}))

    schedules.run_due(boundary(clock))

    assert clock.unfinished_work() == ()
    assert functions.invoked == []


def test_an_updated_rule_keeps_its_name_and_does_what_it_says_now(clock: Clock) -> None:
    functions = FakeFunctions()
    schedules = Schedules(clock, functions, no_delivery)
    name = schedules.create(request({})).physical_id

    changed = request({"State": "DISABLED"}, physical_id=name, old_properties={"State": "ENABLED"})
    assert schedules.update(changed).physical_id == name
    schedules.run_due(boundary(clock))

    assert clock.unfinished_work() == ()


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"ScheduleExpression": "rate(90 seconds)"}, "Parameter ScheduleExpression is not valid"),
        ({"EventPattern": {"source": ["x"]}}, "a schedule and an event pattern"),
        ({"Targets": [{"Id": "1", "Arn": "arn:aws:ecs:eu-west-1:222222222222:cluster/c"}]}, "is no Lambda function"),
        ({"Targets": [{**TARGETS[0], "InputTransformer": {}}]}, "InputTransformer is not supported locally"),
    ],
)
def test_a_rule_that_cannot_run_here_fails_by_name(clock: Clock, properties: dict[str, Any], words: str) -> None:
    with pytest.raises(ResourceFailed, match=words):
        Schedules(clock, FakeFunctions(), no_delivery).create(request(properties))
