"""A CloudWatch on time that a test moves by hand, and alarms to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.cloudwatch import CloudWatch
from rehearsal.machine.clock import Clock
from rehearsal.run_events import AlarmChanged, EventLog
from tests.rehearsal.aws.manual_time import ManualTime, Running, eventually, manual_clock, settle

ACCOUNT, REGION = "222222222222", "eu-west-1"
START = 1_800_000_000
"""The clock's time in these tests: the start of a minute."""


@dataclass
class Stand:
    """`cloudwatch` with short ways to feed it and to look at it; minutes count from START."""

    cloudwatch: CloudWatch
    clock: Clock
    wall: ManualTime
    event_log: EventLog

    def measure(self, value: float, *, minute: float, name: str = "Errors", times: int = 1, **dimensions: str) -> None:
        dimensions = dimensions or {"FunctionName": "cars"}
        for _ in range(times):
            self.cloudwatch.put_metric(
                ACCOUNT, REGION, "AWS/Lambda", name, dimensions, value, at=START + 60 * minute + 30
            )

    def evaluate(self, *, minutes: int) -> None:
        """The evaluation at the boundary that ends the given number of minutes after START."""
        self.cloudwatch.evaluate(START + 60 * minutes)

    def let_pass(self, *, minutes: int) -> None:
        """AWS minutes in wall seconds, as while somebody waits: the clock is ahead of the wall afterwards."""
        sleeper = Running(lambda: self.clock.sleep(60 * minutes))
        eventually(lambda: self.clock.rate > 1)
        while not sleeper.is_done:
            self._pass_a_minute()
            settle()
        sleeper.join()

    def _pass_a_minute(self) -> None:
        boundary = self.clock.now() // 60 * 60 + 60
        self.wall.advance(1)
        self.clock.wake()
        eventually(lambda: self.clock.now() >= boundary)

    def state(self, name: str) -> AlarmState:
        return self.cloudwatch.alarm_state(ACCOUNT, REGION, name)

    def changes(self) -> list[tuple[str, str, str]]:
        return [
            (event.alarm, event.old_state, event.new_state)
            for event in self.event_log.events
            if isinstance(event, AlarmChanged)
        ]

    def put(self, **properties: Any) -> None:
        """PutMetricAlarm of an alarm on Errors, Sum, one minute, `> 0`, 1 of 1, unless said otherwise."""
        self.cloudwatch.put_metric_alarm(ACCOUNT, REGION, alarm_properties(**properties))


def alarm_properties(**changes: Any) -> dict[str, Any]:
    """A change to None takes the property away."""
    properties = {
        "AlarmName": "errors",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "cars"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **changes,
    }
    return {key: value for key, value in properties.items() if value is not None}


def math_alarm_properties(expression: str, *metrics: str, **changes: Any) -> dict[str, Any]:
    """An alarm on an expression over Sums of metrics of the function, each with its name in lower case as Id."""
    queries: list[dict[str, Any]] = [{"Id": "watched", "Expression": expression, "ReturnData": True}]
    for metric in metrics:
        dimensions = [{"Name": "FunctionName", "Value": "cars"}]
        stat = {
            "Metric": {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions},
            "Period": 60,
            "Stat": "Sum",
        }
        queries.append({"Id": metric.lower(), "MetricStat": stat, "ReturnData": False})
    single = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period")
    return alarm_properties(**{**dict.fromkeys(single), "Metrics": queries, **changes})


@pytest.fixture
def stand() -> Iterator[Stand]:
    with manual_clock(start=START) as (clock, wall):
        event_log = EventLog(clock.now, wall.wall)
        yield Stand(CloudWatch(clock, event_log), clock, wall, event_log)
