"""What people are told of a car, in words, and the table that keeps it for them for a while.

It must not know how an event travels. The words name no position: they are mailed, and shown to whoever may read a car.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True)
class Notification:
    car_id: str
    event_id: str
    occurred_at: datetime
    type: str
    text: str
    correlation_id: str | None

    @property
    def notification_id(self) -> str:
        """The same for the same event, and in the order of time: its time is always as long."""
        return f"{self.occurred_at.isoformat(timespec='milliseconds')}#{self.event_id}"


@dataclass(frozen=True)
class NotificationPage:
    """Some of a car's notifications. `last_notification_id` is where the next page goes on, None at the end."""

    notifications: tuple[Notification, ...]
    last_notification_id: str | None


class NotificationRepository:
    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

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


def from_item(item: Mapping[str, Any]) -> Notification:
    occurred_at, _, event_id = item["notification_id"]["S"].partition("#")
    return Notification(
        car_id=item["car_id"]["S"],
        event_id=event_id,
        occurred_at=datetime.fromisoformat(occurred_at),
        type=item["type"]["S"],
        text=item["text"]["S"],
        correlation_id=item["correlation_id"]["S"] if "correlation_id" in item else None,
    )
