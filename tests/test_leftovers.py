"""What a good release must not leave behind is found, and what goes by itself is not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from integ.leftovers import leftovers, sessions

REGION = "eu-west-1"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """Of an account that is moto's, whatever AWS whoever runs the tests works with."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with mock_aws():
        yield boto3.Session(region_name=REGION)


@pytest.fixture
def queue_url(session: boto3.Session) -> str:
    """A queue of failures: an alarm is on its every message."""
    url = session.client("sqs").create_queue(QueueName="failed")["QueueUrl"]
    session.client("cloudwatch").put_metric_alarm(
        AlarmName="set-aside",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "failed"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    return url


@pytest.fixture
def table(session: boto3.Session) -> Any:
    return session.resource("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_clean_account_has_nothing(session: boto3.Session, queue_url: str, table: Any) -> None:
    table.put_item(Item={"order_id": "customer-1", "car_id": "car-1"})

    assert leftovers([session]) == []


def test_alarm_that_nobody_has_answered_is_left(session: boto3.Session, queue_url: str) -> None:
    session.client("cloudwatch").set_alarm_state(AlarmName="set-aside", StateValue="ALARM", StateReason="One.")

    assert leftovers([session]) == ["123456789012: alarm set-aside is in ALARM: One."]


@pytest.mark.parametrize("is_hidden", [False, True])
def test_message_that_failed_is_left_also_while_somebody_looks_at_it(
    session: boto3.Session, queue_url: str, *, is_hidden: bool
) -> None:
    sqs = session.client("sqs")
    sqs.send_message(QueueUrl=queue_url, MessageBody="poison")
    if is_hidden:
        sqs.receive_message(QueueUrl=queue_url)

    assert leftovers([session]) == ["123456789012: queue failed holds 1 of what failed"]


def test_queue_that_works_may_hold_messages(session: boto3.Session) -> None:
    sqs = session.client("sqs")
    sqs.send_message(QueueUrl=sqs.create_queue(QueueName="orders")["QueueUrl"], MessageBody="an order")

    assert leftovers([session]) == []


@pytest.mark.parametrize(
    ("item", "is_left"),
    [
        ({"order_id": "e2e-1", "car_id": "e2e-2"}, True),
        ({"order_id": "o", "car_id": "release-2"}, True),
        ({"order_id": "e2e-1", "expires_at": int(time.time()) + 3600}, False),
        ({"order_id": "e2e-1", "expires_at": int(time.time()) + 90 * 86400}, True),
        ({"order_id": "e2e-1", "expires_at": 1}, False),
        ({"order_id": "probe-1"}, False),
    ],
)
def test_what_tests_made_is_left_unless_it_goes_by_itself(
    session: boto3.Session, table: Any, item: dict[str, Any], *, is_left: bool
) -> None:
    table.put_item(Item=item)

    ids = ", ".join(str(value) for value in item.values() if str(value).startswith(("e2e-", "release-")))
    assert leftovers([session]) == ([f"123456789012: table orders holds an item of {ids}"] if is_left else [])


def test_without_profiles_nothing_is_said_to_be_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")

    with pytest.raises(SystemExit, match="--check"):
        sessions()
