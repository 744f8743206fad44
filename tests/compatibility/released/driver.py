"""Does what it is told with the domain code beside it: see tests/compatibility/driver.py, of which this is an ancestor.

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
from typing import Any

os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="eu-west-1")

import boto3
from moto import mock_aws

from service.cars.car import Car, CarChanges, CarDetails, NewCar
from service.cars.events import CarEvent, CarEventType
from service.cars.repository import CarRepository, from_item

KEYS = {"cars": ("car_id",)}

_dynamodb: Any = None


def _cars() -> CarRepository:
    return CarRepository(_dynamodb, "cars")


def new_car_schema() -> Any:
    """What a car to create may be: whatever this version takes, the other one finds in the table."""
    return NewCar.model_json_schema()


def create_car(*, car: dict[str, Any]) -> None:
    _cars().create(NewCar.model_validate_json(json.dumps(car)))


def replace_car(*, car_id: str, details: dict[str, Any]) -> None:
    _cars().replace(car_id, CarDetails.model_validate_json(json.dumps(details)))


def change_car(*, car_id: str, changes: dict[str, Any]) -> None:
    _cars().change(car_id, CarChanges.model_validate_json(json.dumps(changes)))


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
        car=from_item(new),
        previous=from_item(old),
    )
    return updated.detail()


def read_event(*, detail: dict[str, Any]) -> Any:
    """The cars that a subscriber of this version finds in an event: after the change, and before it."""
    return [Car.model_validate(detail[name]).model_dump(mode="json") for name in ("car", "previous")]


OPERATIONS: dict[str, Callable[..., Any]] = {
    operation.__name__: operation
    for operation in (
        *(new_car_schema, create_car, replace_car, change_car, delete_car, get_car, list_cars),
        *(event, read_event),
    )
}


def _fill(tables: dict[str, list[dict[str, Any]]]) -> None:
    for name, keys in KEYS.items():
        if name in _dynamodb.list_tables()["TableNames"]:
            _dynamodb.delete_table(TableName=name)
        _dynamodb.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        for item in tables.get(name, ()):
            _dynamodb.put_item(TableName=name, Item=item)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    if request["do"] == "operations":
        return {"answer": sorted(OPERATIONS), "tables": {}}
    _fill(request["tables"])
    try:
        answer = OPERATIONS[request["do"]](**request["arguments"])
    except Exception:  # noqa: BLE001 - whatever goes wrong in this process is for the test in the other to say
        return {"error": traceback.format_exc()}
    return {"answer": answer, "tables": {name: _dynamodb.scan(TableName=name)["Items"] for name in KEYS}}


def main() -> None:
    global _dynamodb
    with mock_aws():
        _dynamodb = boto3.client("dynamodb")
        for line in sys.stdin:
            print(json.dumps(_answer(json.loads(line))), flush=True)  # noqa: T201 - its output is how it answers


if __name__ == "__main__":
    main()
