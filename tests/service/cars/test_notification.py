"""What people are told, and how the table keeps it."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cars.car import Car, CarStatus
from service.cars.events import CarEventDetail, CarEventType
from service.cars.notification import (
    Notification,
    NotificationRepository,
    from_item,
    notification_of,
    to_item,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CAR = Car(
    car_id="car-1", model="Acme 1", year=2024, latitude=52.515151, longitude=13.40404, created_at=NOW, updated_at=NOW
)


def text(event_type: CarEventType, **changes: Any) -> str:
    detail = CarEventDetail(
        version="1.0", event_id="event-1", car=CAR.model_copy(update=changes), previous=CAR if changes else None
    )
    return notification_of(event_type, detail, sent_at=NOW).text


def notification(number: int, *, car_id: str = "car-1") -> Notification:
    return Notification(
        car_id=car_id,
        event_id=f"event-{number}",
        occurred_at=NOW + timedelta(milliseconds=500 * number),
        sequence=None,
        type="acme.acs.acm.events.CarUpdated",
        text=f"Car {car_id}: number {number}.",
        correlation_id=None,
    )


@pytest.fixture
def repository(notifications_table: str, dynamodb: DynamoDBClient) -> NotificationRepository:
    return NotificationRepository(dynamodb, notifications_table)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": CarStatus.IN_MAINTENANCE}, "status Available → InMaintenance"),
        ({"model": "Acme 2", "year": 2025}, "model Acme 1 → Acme 2; year 2024 → 2025"),
        ({"nb_passengers": 0, "bike_rack": True}, "passengers 4 → 0; bike rack no → yes"),
        ({"latitude": 48.8}, "its position has changed"),
        ({"longitude": None}, "its position has changed"),
        ({"updated_at": NOW + timedelta(seconds=1)}, "written again, nothing has changed"),
    ],
)
def test_update_is_told_by_what_has_changed(changes: dict[str, Any], said: str) -> None:
    name = f"Car car-1 ({changes.get('model', 'Acme 1')}, {changes.get('year', 2024)})"
    assert text(CarEventType.UPDATED, **changes) == f"{name}: {said}."


def test_every_other_event_is_told_too() -> None:
    assert text(CarEventType.DELETED) == "Car car-1 (Acme 1, 2024) was deleted; its last status was Available."
    assert text(CarEventType.CREATED) == "Car car-1 (Acme 1, 2024) is new; its status is Available."
    assert text(CarEventType.UPDATED) == "Car car-1 (Acme 1, 2024): updated."


@given(
    event_type=st.sampled_from(CarEventType),
    latitude=st.floats(-90, 90).map(lambda degrees: round(degrees, 7)),
    longitude=st.floats(-180, 180).map(lambda degrees: round(degrees, 7)),
)
def test_no_text_says_where_a_car_is(event_type: CarEventType, latitude: float, longitude: float) -> None:
    moved = text(event_type, latitude=latitude, longitude=longitude)

    assert re.findall(r"-?\d+\.\d+|e-\d+", moved) == []
    assert set(re.findall(r"\d+", moved)) <= {"1", "2024"}


@given(
    moments=st.lists(
        st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), min_size=2, max_size=2
    )
)
def test_ids_are_in_the_order_of_time(moments: list[datetime]) -> None:
    first, second = sorted(moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in moments)
    ids = [
        Notification(
            car_id="car-1", event_id="e", occurred_at=moment, sequence="1", type="", text="", correlation_id=None
        ).notification_id
        for moment in (first, second)
    ]
    assert ids == sorted(ids)


def test_changes_of_one_second_are_in_the_order_of_the_stream(repository: NotificationRepository) -> None:
    for sequence, event_id in (("2", "a"), ("3", "b"), ("1", "c")):
        repository.add(dataclasses.replace(notification(0), sequence=sequence.zfill(40), event_id=event_id))

    page = repository.list("car-1", limit=10, after_notification_id=None)

    assert [(found.sequence, found.event_id) for found in page.notifications] == [
        *(("3".zfill(40), "b"), ("2".zfill(40), "a"), ("1".zfill(40), "c")),
    ]


@pytest.mark.parametrize("correlation_id", [None, "request-1"])
def test_notification_read_is_the_one_written_and_other_attributes_are_ignored(correlation_id: str | None) -> None:
    written = notification_of(
        CarEventType.DELETED,
        CarEventDetail(version="1.0", event_id="a#b", correlation_id=correlation_id, car=CAR, previous=None),
        sent_at=NOW,
    )

    assert from_item({**to_item(written), "wings": {"N": "2"}}) == written


def test_newest_come_first_page_by_page_and_of_one_car_only(repository: NotificationRepository) -> None:
    for number in (2, 0, 1):
        assert repository.add(notification(number))
    repository.add(notification(3, car_id="car-2"))

    first = repository.list("car-1", limit=2, after_notification_id=None)
    second = repository.list("car-1", limit=2, after_notification_id=first.last_notification_id)

    assert [found.event_id for found in first.notifications] == ["event-2", "event-1"]
    assert [found.event_id for found in second.notifications] == ["event-0"]
    assert second.last_notification_id is None


def test_notification_that_is_there_stays(repository: NotificationRepository) -> None:
    repository.add(notification(1))

    assert repository.add(notification(1)) is False
    assert len(repository.list("car-1", limit=10, after_notification_id=None).notifications) == 1


def test_notification_of_a_tests_car_expires_within_the_hour() -> None:
    expiry = int(to_item(notification(1, car_id="e2e-1"))["expires_at"]["N"])

    assert expiry - int(NOW.timestamp()) <= 3601
