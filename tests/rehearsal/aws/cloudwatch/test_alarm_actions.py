from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.aws.cloudwatch.alarm_actions import AlarmActions, region_name
from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.cloudwatch import CloudWatch
from rehearsal.aws.iam.service_principal import Refused
from rehearsal.machine.clock import Clock
from rehearsal.run_events import EventLog
from tests.rehearsal.aws.cloudwatch.conftest import (
    ACCOUNT,
    REGION,
    START,
    alarm_properties,
    math_alarm_properties,
)
from tests.rehearsal.aws.manual_time import eventually, manual_clock

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:operators"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors"


class FakePublisher:
    def __init__(self) -> None:
        self.published: list[tuple[str, str | None, dict[str, Any]]] = []
        self.attempts = 0
        self.refuses = False

    def publish(self, topic_arn: str, message: str, *, source_arn: str, subject: str | None = None) -> None:
        self.attempts += 1
        if self.refuses:
            raise Refused("NO_PERMISSIONS", "cloudwatch.amazonaws.com may not")
        assert source_arn.startswith(f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:")
        self.published.append((topic_arn, subject, json.loads(message)))


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def clock() -> Iterator[Clock]:
    with manual_clock(start=START) as (clock, _):
        yield clock


@pytest.fixture
def cloudwatch(publisher: FakePublisher, clock: Clock) -> CloudWatch:
    return CloudWatch(clock, EventLog(clock.now, clock.now), AlarmActions(clock, publisher).begin)


def to(cloudwatch: CloudWatch, state: AlarmState, name: str = "errors") -> None:
    cloudwatch.set_alarm_state(ACCOUNT, REGION, name, state, f"it is {state}")


def test_an_alarm_publishes_cloudwatchs_message_when_it_goes_into_alarm(
    cloudwatch: CloudWatch, publisher: FakePublisher, clock: Clock
) -> None:
    properties = alarm_properties(AlarmActions=[TOPIC], AlarmDescription="See the runbook", DatapointsToAlarm=1)
    cloudwatch.put_metric_alarm(ACCOUNT, REGION, properties)

    to(cloudwatch, AlarmState.ALARM)

    eventually(lambda: bool(publisher.published) and not clock.unfinished_work())
    ((topic, subject, message),) = publisher.published
    assert (topic, subject) == (TOPIC, f'ALARM: "errors" in {region_name(REGION)}')
    assert message == {
        "AlarmName": "errors",
        "AlarmDescription": "See the runbook",
        "AWSAccountId": ACCOUNT,
        "AlarmConfigurationUpdatedTimestamp": "2027-01-15T08:00:00.000+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": "it is ALARM",
        "StateChangeTime": "2027-01-15T08:00:00.000+0000",
        "Region": "Europe (Ireland)",
        "AlarmArn": ALARM,
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [],
        "AlarmActions": [TOPIC],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "Errors",
            "Namespace": "AWS/Lambda",
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": None,
            "Dimensions": [{"value": "cars", "name": "FunctionName"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0.0,
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def test_each_state_has_its_own_actions_and_staying_in_it_has_none(
    cloudwatch: CloudWatch, publisher: FakePublisher, clock: Clock
) -> None:
    cloudwatch.put_metric_alarm(ACCOUNT, REGION, alarm_properties(AlarmActions=[TOPIC], OKActions=[f"{TOPIC}-ok"]))

    for state in (AlarmState.ALARM, AlarmState.ALARM, AlarmState.OK, AlarmState.INSUFFICIENT_DATA):
        to(cloudwatch, state)
        eventually(lambda: not clock.unfinished_work())

    assert [(topic, message["NewStateValue"]) for topic, _, message in publisher.published] == [
        (TOPIC, "ALARM"),
        (f"{TOPIC}-ok", "OK"),
    ]


def test_an_alarm_whose_actions_are_disabled_publishes_nothing(
    cloudwatch: CloudWatch, publisher: FakePublisher, clock: Clock
) -> None:
    cloudwatch.put_metric_alarm(ACCOUNT, REGION, alarm_properties(AlarmActions=[TOPIC], ActionsEnabled=False))

    to(cloudwatch, AlarmState.ALARM)

    assert clock.unfinished_work() == ()
    assert publisher.published == []


def test_an_alarm_on_an_expression_and_a_composite_one_say_what_they_watch(
    cloudwatch: CloudWatch, publisher: FakePublisher
) -> None:
    watched = math_alarm_properties("errors * 2", "Errors", AlarmName="math", AlarmActions=[TOPIC])
    cloudwatch.put_metric_alarm(ACCOUNT, REGION, watched)
    composite = {"AlarmName": "any", "AlarmRule": 'ALARM("math")', "AlarmActions": [f"{TOPIC}-any"]}
    cloudwatch.put_composite_alarm(ACCOUNT, REGION, composite)

    to(cloudwatch, AlarmState.ALARM, "math")

    eventually(lambda: len(publisher.published) == 2)
    messages = {topic: message for topic, _, message in publisher.published}
    assert messages[TOPIC]["Trigger"]["Metrics"] == watched["Metrics"]
    assert messages[f"{TOPIC}-any"]["AlarmRule"] == 'ALARM("math")'
    assert "Trigger" not in messages[f"{TOPIC}-any"]


def test_a_topic_that_refuses_and_an_action_that_is_no_topic_are_named_and_break_nothing(
    cloudwatch: CloudWatch, publisher: FakePublisher, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    publisher.refuses = True
    actions = [TOPIC, "arn:aws:automate:eu-west-1:ec2:stop"]
    cloudwatch.put_metric_alarm(ACCOUNT, REGION, alarm_properties(AlarmActions=actions))

    to(cloudwatch, AlarmState.ALARM)

    eventually(lambda: publisher.attempts == 1 and not clock.unfinished_work())
    assert cloudwatch.alarm_state(ACCOUNT, REGION, "errors") is AlarmState.ALARM
    assert f"could not publish to {TOPIC}" in caplog.text
    assert "does not carry out the action arn:aws:automate" in caplog.text
