"""The base that everything is measured against: the same three operations with boto3's client and nothing else.

No framework, no logs, no metrics; bodies are checked by hand. It must not import anything of this project: it is a
function's whole package, beside boto3 as pip installs it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3

CAR_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
STATUSES = ("Available", "InCourse", "InMaintenance", "OutOfService")
FIELDS = ("car_id", "model", "year", "status", "latitude", "longitude", "nb_passengers", "bike_rack")

dynamodb = boto3.client("dynamodb")


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """`event` and the result are API Gateway's Lambda proxy shapes (REST API)."""
    route = event["httpMethod"], event["resource"]
    if route == ("POST", "/cars"):
        return _create(event)
    if route == ("GET", "/cars"):
        return _list(event)
    if route == ("GET", "/cars/{car_id}"):
        return _get(event)
    return _answer(404, {"detail": "There is no such resource."})


def _create(event: dict[str, Any]) -> dict[str, Any]:
    try:
        body = json.loads(event["body"] or "")
    except ValueError:
        return _answer(422, {"detail": "The body is not JSON."})
    wrong = _wrong_field(body)
    if wrong:
        return _answer(422, {"detail": f"{wrong} is not valid."})
    now = datetime.now(UTC).isoformat()
    car = {
        "car_id": str(uuid4()),
        "status": "Available",
        "nb_passengers": 4,
        "bike_rack": False,
        **body,
        "created_at": now,
        "updated_at": now,
    }
    try:
        dynamodb.put_item(
            TableName=os.environ["CARS_TABLE_NAME"],
            Item={name: _attribute(value) for name, value in car.items() if value is not None},
            ConditionExpression="attribute_not_exists(car_id)",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return _answer(409, {"detail": "There is a car with this id already."})
    return _answer(201, car)


def _get(event: dict[str, Any]) -> dict[str, Any]:
    car_id = event["pathParameters"]["car_id"]
    if not CAR_ID.fullmatch(car_id):
        return _answer(422, {"detail": "car_id is not valid."})
    answer = dynamodb.get_item(
        TableName=os.environ["CARS_TABLE_NAME"], Key={"car_id": {"S": car_id}}, ConsistentRead=True
    )
    if "Item" not in answer:
        return _answer(404, {"detail": f"There is no car {car_id!r}."})
    return _answer(200, _car(answer["Item"]))


def _list(event: dict[str, Any]) -> dict[str, Any]:
    limit = (event["queryStringParameters"] or {}).get("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        return _answer(422, {"detail": "limit is not valid."})
    answer = dynamodb.scan(TableName=os.environ["CARS_TABLE_NAME"], Limit=int(limit))
    last = answer.get("LastEvaluatedKey")
    return _answer(
        200, {"cars": [_car(item) for item in answer["Items"]], "next_token": last["car_id"]["S"] if last else None}
    )


def _wrong_field(body: Any) -> str | None:
    """The name of a field that is missing, unknown or not valid; None when all are well."""
    if not isinstance(body, dict):
        return "body"
    unknown = [name for name in body if name not in FIELDS]
    checks: dict[str, Callable[[Any], bool]] = {
        "car_id": lambda value: isinstance(value, str) and bool(CAR_ID.fullmatch(value)),
        "model": lambda value: isinstance(value, str) and 1 <= len(value) <= 100,
        "year": lambda value: type(value) is int and 1886 <= value <= 2100,
        "status": lambda value: value in STATUSES,
        "latitude": lambda value: value is None or (_is_number(value) and -90 <= value <= 90),
        "longitude": lambda value: value is None or (_is_number(value) and -180 <= value <= 180),
        "nb_passengers": lambda value: type(value) is int and 0 <= value <= 20,
        "bike_rack": lambda value: isinstance(value, bool),
    }
    missing = [name for name in ("model", "year") if name not in body]
    wrong = [name for name, is_valid in checks.items() if name in body and not is_valid(body[name])]
    return next(iter([*unknown, *missing, *wrong]), None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _attribute(value: object) -> Any:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    return {"S": value}


def _car(item: dict[str, Any]) -> dict[str, Any]:
    car: dict[str, Any] = {}
    for name, attribute in item.items():
        ((kind, value),) = attribute.items()
        car[name] = float(value) if kind == "N" and "." in value else int(value) if kind == "N" else value
    return car


def _answer(status: int, body: object) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
