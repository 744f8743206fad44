"""What people are told of a car, in words, and the table that keeps it for them for a while.

It must not know how an event travels. The words name no position: they are mailed, and shown to whoever may read a car.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from service.cars.car import Car, kept
from service.cars.events import CarEventDetail, CarEventType

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

KEPT = timedelta(days=30)
"""How long a notification is kept after what it tells of."""

_NOTIFICATION_ID = re.compile(r"(?P<occurred_at>[^#]*)#(?:(?P<sequence>\d{40})#)?(?P<event_id>.*)", re.DOTALL)

_WORDS = {
    "model": "model",
    "year": "year",
    "status": "status",
    "nb_passengers": "passengers",
    "bike_rack": "bike rack",
}


@dataclass(frozen=True, kw_only=True)
class Notification:
    car_id: str
    event_id: str
    occurred_at: datetime
    sequence: str | None
    type: str
    text: str
    correlation_id: str | None

    @property
    def notification_id(self) -> str:
        """The same for the same event, and in the order of changes: its time is always as long, as is the sequence.

        A version before this one sends no sequence; then the changes of a second are in no order.
        """
        time = self.occurred_at.isoformat(timespec="milliseconds")
        return "#".join(part for part in (time, self.sequence, self.event_id) if part is not None)


@dataclass(frozen=True)
class NotificationPage:
    """Some of a car's notifications. `last_notification_id` is where the next page goes on, None at the end."""

    notifications: tuple[Notification, ...]
    last_notification_id: str | None


class NotificationRepository:
    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def add(self, notification: Notification) -> bool:
        """Whether it is new: one that is there already, for its event was sent again, stays as it is."""
        try:
            self._dynamodb.put_item(
                TableName=self._table_name,
                Item=to_item(notification),
                ConditionExpression="attribute_not_exists(car_id)",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def list(self, car_id: str, *, limit: int, after_notification_id: str | None) -> NotificationPage:
        """At most `limit` notifications of the car, the newest first."""
        start: Any = {}
        if after_notification_id is not None:
            key = {"car_id": {"S": car_id}, "notification_id": {"S": after_notification_id}}
            start = {"ExclusiveStartKey": key}
        answer = self._dynamodb.query(
            TableName=self._table_name,
            KeyConditionExpression="car_id = :car_id",
            ExpressionAttributeValues={":car_id": {"S": car_id}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        last_key = answer.get("LastEvaluatedKey")
        return NotificationPage(
            notifications=tuple(from_item(item) for item in answer["Items"]),
            last_notification_id=last_key["notification_id"]["S"] if last_key else None,
        )


def notification_of(event_type: CarEventType, detail: CarEventDetail, *, sent_at: datetime) -> Notification:
    """What people are told of an event. `sent_at` stands in where the event does not say when it occurred."""
    return Notification(
        car_id=detail.car.car_id,
        event_id=detail.event_id,
        occurred_at=detail.occurred_at or sent_at,
        sequence=detail.sequence,
        type=event_type.value,
        text=_text(event_type, detail),
        correlation_id=detail.correlation_id,
    )


def to_item(notification: Notification) -> dict[str, AttributeValueTypeDef]:
    """The item of a notification; `expires_at` is in seconds since 1970, as DynamoDB's time to live wants it."""
    item: dict[str, AttributeValueTypeDef] = {
        "car_id": {"S": notification.car_id},
        "notification_id": {"S": notification.notification_id},
        "type": {"S": notification.type},
        "text": {"S": notification.text},
        "expires_at": {"N": str(int((notification.occurred_at + kept(notification.car_id, KEPT)).timestamp()))},
    }
    if notification.correlation_id is not None:
        item["correlation_id"] = {"S": notification.correlation_id}
    return item


def from_item(item: Mapping[str, Any]) -> Notification:
    parts = _NOTIFICATION_ID.fullmatch(item["notification_id"]["S"])
    assert parts is not None  # it matches any text with a # in it
    return Notification(
        car_id=item["car_id"]["S"],
        event_id=parts["event_id"],
        occurred_at=datetime.fromisoformat(parts["occurred_at"]),
        sequence=parts["sequence"],
        type=item["type"]["S"],
        text=item["text"]["S"],
        correlation_id=item["correlation_id"]["S"] if "correlation_id" in item else None,
    )


def _text(event_type: CarEventType, detail: CarEventDetail) -> str:
    """One sentence: "Car car-1 (Acme 1, 2024): status Available → InMaintenance; passengers 4 → 0." """
    car = detail.car
    name = f"Car {car.car_id} ({car.model}, {car.year})"
    match event_type:
        case CarEventType.CREATED:
            return f"{name} is new; its status is {car.status}."
        case CarEventType.DELETED:
            return f"{name} was deleted; its last status was {car.status}."
        case CarEventType.UPDATED:
            return f"{name}: {'; '.join(_changes(detail.previous, car)) or 'written again, nothing has changed'}."


def _changes(previous: Car | None, car: Car) -> list[str]:
    if previous is None:
        return ["updated"]
    changes = [
        f"{word} {_shown(getattr(previous, field))} → {_shown(getattr(car, field))}"
        for field, word in _WORDS.items()
        if getattr(previous, field) != getattr(car, field)
    ]
    if (previous.latitude, previous.longitude) != (car.latitude, car.longitude):
        changes.append("its position has changed")
    return changes


def _shown(value: object) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case _:
            return str(value)
