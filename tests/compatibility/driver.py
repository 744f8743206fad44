"""Does what it is told with the domain code of one version: this one's, or the released one's copy in `released/`.

Each line of its input is {"do": an operation's name, "arguments": {…}, "tables": {name: [items]}}, each line of its
output {"answer": …, "tables": {name: [items]}} or {"error": a traceback}: the tables before and after, as DynamoDB has
them. It must import nothing but service.cars: `make released` copies it beside that code, and there it speaks for the
released version.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="eu-west-1")

import boto3
from moto import mock_aws

from service.cars.car import CarChanges, CarDetails, NewCar
from service.cars.events import CarEvent, CarEventDetail, CarEventType
from service.cars.notification import Notification, NotificationRepository, notification_of
from service.cars.orders import OrderRepository, parse_order
from service.cars.repository import CarRepository, from_item
from service.cars.telemetry import PositionRepository, parse_report

KEYS = {"cars": ("car_id",), "notifications": ("car_id", "notification_id"), "orders": ("order_id",)}

_dynamodb: Any = None


def _cars() -> CarRepository:
    return CarRepository(_dynamodb, "cars")


def _notifications() -> NotificationRepository:
    return NotificationRepository(_dynamodb, "notifications")


def new_car_schema() -> Any:
    """What a car to create may be: whatever this version takes, the other one finds in the table."""
    return NewCar.model_json_schema()


def create_car(*, car: dict[str, Any]) -> None:
    _cars().create(NewCar.model_validate_json(json.dumps(car)), correlation_id="request-1")


def replace_car(*, car_id: str, details: dict[str, Any]) -> None:
    _cars().replace(car_id, CarDetails.model_validate_json(json.dumps(details)), correlation_id="request-1")


def change_car(*, car_id: str, changes: dict[str, Any]) -> None:
    _cars().change(car_id, CarChanges.model_validate_json(json.dumps(changes)), correlation_id="request-1")


def delete_car(*, car_id: str) -> None:
    _cars().delete(car_id)


def get_car(*, car_id: str) -> Any:
    return _cars().get(car_id).model_dump(mode="json")


def list_cars() -> Any:
    return [car.model_dump(mode="json") for car in _cars().list(limit=100, after_car_id=None).cars]


def event(*, new: dict[str, Any], old: dict[str, Any]) -> Any:
    """The detail of the event that a car was updated, from its items after and before."""
    updated = CarEvent(
        event_id="event-1",
        type=CarEventType.UPDATED,
        occurred_at=datetime.fromisoformat("2026-11-23T12:00:00+00:00"),
        sequence="1".zfill(40),
        correlation_id=new.get("correlation_id", {}).get("S"),
        car=from_item(new),
        previous=from_item(old),
    )
    return updated.detail()


def read_event(*, detail: dict[str, Any]) -> Any:
    """The cars that a subscriber of this version finds in an event: after the change, and before it."""
    read = CarEventDetail.model_validate_json(json.dumps(detail))
    assert read.previous is not None
    return [read.car.model_dump(mode="json"), read.previous.model_dump(mode="json")]


def add_notification(*, detail: dict[str, Any]) -> bool:
    return _notifications().add(_notification_of(detail))


def list_notifications(*, car_id: str) -> Any:
    page = _notifications().list(car_id, limit=100, after_notification_id=None)
    return [
        {"notification_id": found.notification_id, "type": found.type, "text": found.text}
        for found in page.notifications
    ]


def report_position(*, report: dict[str, Any]) -> str:
    arrived_at = datetime.fromisoformat(report["measured_at"])
    return PositionRepository(_dynamodb, "cars").store(parse_report(json.dumps(report).encode(), arrived_at=arrived_at))


def carry_out_order(*, order: dict[str, Any]) -> str:
    orders = OrderRepository(_dynamodb, orders_table_name="orders", cars_table_name="cars")
    return orders.carry_out(parse_order(json.dumps(order)), correlation_id="order-1")


def _notification_of(detail: dict[str, Any]) -> Notification:
    sent_at = datetime.fromisoformat("2026-11-23T12:00:01+00:00")
    read = CarEventDetail.model_validate_json(json.dumps(detail))
    return notification_of(CarEventType.UPDATED, read, sent_at=sent_at)


OPERATIONS: dict[str, Callable[..., Any]] = {
    operation.__name__: operation
    for operation in (
        *(new_car_schema, create_car, replace_car, change_car, delete_car, get_car, list_cars),
        *(event, read_event, add_notification, list_notifications, report_position, carry_out_order),
    )
}


def _create_tables() -> None:
    for name, keys in KEYS.items():
        _dynamodb.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )


def _fill(tables: dict[str, list[dict[str, Any]]]) -> None:
    for name, keys in KEYS.items():
        wanted, there = tables.get(name, []), _items(name)
        for item in there:
            if item not in wanted:
                _dynamodb.delete_item(TableName=name, Key={key: item[key] for key in keys})
        for item in wanted:
            if item not in there:
                _dynamodb.put_item(TableName=name, Item=item)


def _items(name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = _dynamodb.scan(TableName=name)["Items"]
    return items


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    if request["do"] == "operations":
        return {"answer": sorted(OPERATIONS), "tables": {}}
    _fill(request["tables"])
    try:
        answer = OPERATIONS[request["do"]](**request["arguments"])
    except Exception:  # noqa: BLE001 - whatever goes wrong in this process is for the test in the other to say
        return {"error": traceback.format_exc()}
    return {"answer": answer, "tables": {name: _items(name) for name in KEYS}}


def main() -> None:
    global _dynamodb
    with mock_aws():
        _dynamodb = boto3.client("dynamodb")
        _create_tables()
        for line in sys.stdin:
            print(json.dumps(_answer(json.loads(line))), flush=True)  # noqa: T201 - its output is how it answers


if __name__ == "__main__":
    main()
