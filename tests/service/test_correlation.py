"""One id goes with a change all the way: from the car's item through stream, bus and topic, to people and the logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from service.cars.settings import Setting
from service.changes.runtime import handler as changes
from service.notifications.runtime import handler as notifications
from tests.service.conftest import FakeContext, load_event
from tests.service.logs import log_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


class ToTheTopic:
    """The bus, its rule and its topic: what is sent comes to the function as EventBridge and SNS hand it on."""

    def __init__(self) -> None:
        self.delivered: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        for entry in Entries:
            event = load_event("sns")
            sns = event["Records"][0]["Sns"]
            message = json.loads(sns["Message"])
            message.update({"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])})
            sns["Message"] = json.dumps(message)
            self.delivered.append(event)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, notifications_table: str) -> Iterator[None]:
    monkeypatch.setenv(Setting.EVENT_BUS_NAME, "cars")
    notifications.repository.cache_clear()
    yield
    notifications.repository.cache_clear()


def test_id_of_the_request_that_wrote_a_car_is_in_everything_that_follows(
    notifications_table: str, dynamodb: DynamoDBClient, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = ToTheTopic()
    monkeypatch.setattr(changes, "event_bridge", lambda: bus)
    stream = load_event("dynamodb-stream")
    for record in stream["Records"]:
        for image in {"OldImage", "NewImage"} & record["dynamodb"].keys():
            record["dynamodb"][image]["correlation_id"] = {"S": REQUEST_ID}

    with log_of(changes.logger) as log_of_changes, log_of(notifications.logger) as log_of_notifications:
        changes.handle(stream, context)
        for event in bus.delivered:
            notifications.handle(event, context)

    assert len(bus.delivered) == 3
    for log in (log_of_changes, log_of_notifications):
        assert [line["correlation_id"] for line in log.lines()] == [REQUEST_ID] * 3
    items = dynamodb.scan(TableName=notifications_table)["Items"]
    assert [item["correlation_id"]["S"] for item in items] == [REQUEST_ID] * 3


def test_id_of_one_event_is_not_in_the_log_of_the_next(context: FakeContext) -> None:
    named, unnamed = load_event("sns"), load_event("sns")
    sns = unnamed["Records"][0]["Sns"]
    message = json.loads(sns["Message"])
    message["detail"].update(event_id="another", correlation_id=None)
    sns["Message"] = json.dumps(message)

    with log_of(notifications.logger) as log:
        notifications.handle(named, context)
        notifications.handle(unnamed, context)

    first, second = log.lines()
    assert first["correlation_id"]
    assert "correlation_id" not in second
