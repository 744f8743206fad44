"""Events of cars, from the topic to the table: each once, in words, and nothing of where a car is in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from service.cars.notification import NotificationRepository
from service.notifications.runtime import handler
from service.notifications.sample import SAMPLE
from tests.service.conftest import FakeContext, load_event
from tests.service.logs import log_of
from tests.service.metrics import sent_metrics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SENT = "2026-11-23T12:00:01.000+00:00#c81e728d9d4c2f636f067f89cc14862c"


@pytest.fixture(autouse=True)
def repository(notifications_table: str, dynamodb: DynamoDBClient) -> Iterator[NotificationRepository]:
    """The table that the handler writes to, empty at first."""
    forget = handler.repository.cache_clear
    forget()
    yield NotificationRepository(dynamodb, notifications_table)
    forget()


def changed_event(**detail: Any) -> dict[str, Any]:
    """The event of the topic with other values in its detail."""
    event = load_event("sns")
    message = json.loads(event["Records"][0]["Sns"]["Message"])
    message["detail"].update(detail)
    event["Records"][0]["Sns"]["Message"] = json.dumps(message)
    return event


def test_event_becomes_a_notification_that_expires(
    context: FakeContext, notifications_table: str, dynamodb: DynamoDBClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = handler.handle(load_event("sns"), context)

    assert answer == {"notifications": [SENT]}
    (item,) = dynamodb.scan(TableName=notifications_table)["Items"]
    assert item == {
        "car_id": {"S": "car-1"},
        "notification_id": {"S": SENT},
        "type": {"S": "acme.acs.acm.events.CarUpdated"},
        "text": {"S": "Car car-1 (Acme 1, 2024): status Available → InCourse; bike rack no → yes."},
        "correlation_id": {"S": "8f2c1c0e-7a53-4d0f-9f67-3c0b7b7f2d11"},
        "expires_at": {"N": "1798027201"},  # thirty days after 2026-11-23T12:00:01Z
    }
    assert sent_metrics(capsys.readouterr().out) == {"ReceivedEvents": 1, "WrittenNotifications": 1}


def test_event_that_comes_again_is_not_written_again(
    context: FakeContext, repository: NotificationRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        handler.handle(load_event("sns"), context)

    assert len(repository.list("car-1", limit=10, after_notification_id=None).notifications) == 1
    assert sent_metrics(capsys.readouterr().out) == {
        "ReceivedEvents": 3,
        "WrittenNotifications": 1,
        "DuplicateNotifications": 2,
    }


def test_event_of_a_version_that_does_not_say_when_is_told_when_it_was_sent(
    context: FakeContext, repository: NotificationRepository
) -> None:
    handler.handle(changed_event(occurred_at=None, correlation_id=None), context)

    (found,) = repository.list("car-1", limit=10, after_notification_id=None).notifications
    assert found.notification_id.startswith("2026-11-23T12:00:02.000+00:00#")
    assert found.correlation_id is None


def test_what_is_no_event_of_a_car_fails_and_its_values_stay_out_of_the_error(
    context: FakeContext, repository: NotificationRepository
) -> None:
    car = {"car_id": "car-1", "latitude": 952.5151}

    with pytest.raises(ValidationError) as raised:
        handler.handle(changed_event(car=car), context)

    assert "detail.car.latitude" in str(raised.value)
    assert "952.5151" not in str(raised.value)
    assert repository.list("car-1", limit=10, after_notification_id=None).notifications == ()


def test_event_of_another_version_is_refused(context: FakeContext) -> None:
    with pytest.raises(ValidationError, match="version"):
        handler.handle(changed_event(version="2.0"), context)


def test_failing_table_fails_the_call(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoTable:
        def add(self, notification: object) -> bool:
            raise ConnectionError

    monkeypatch.setattr(handler, "repository", NoTable)

    with pytest.raises(ConnectionError):
        handler.handle(load_event("sns"), context)


def test_log_says_whom_and_what_and_not_where(context: FakeContext) -> None:
    event = load_event("sns")
    car = json.loads(event["Records"][0]["Sns"]["Message"])["detail"]["car"]

    with log_of(handler.logger) as log:
        handler.handle(changed_event(car={**car, "latitude": 52.515151, "longitude": 13.404040}), context)

    (line,) = log.lines()
    assert (line["level"], line["message"]) == ("INFO", "a notification was written")
    assert (line["car_id"], line["correlation_id"]) == ("car-1", "8f2c1c0e-7a53-4d0f-9f67-3c0b7b7f2d11")
    assert "52.515151" not in log.text
    assert "13.40404" not in log.text


def test_sample_of_a_release_is_answered_as_expected_however_often(context: FakeContext) -> None:
    for _ in range(2):
        assert handler.handle(dict(SAMPLE.event), context) == SAMPLE.answer


def test_what_the_sample_writes_is_past_its_time(context: FakeContext, repository: NotificationRepository) -> None:
    handler.handle(dict(SAMPLE.event), context)

    (found,) = repository.list("release-sample", limit=10, after_notification_id=None).notifications
    assert found.occurred_at.year == 2026
    assert found.occurred_at.month == 1
