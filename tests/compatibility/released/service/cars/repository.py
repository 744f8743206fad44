"""Cars in their DynamoDB table: every write is conditional, so that two callers cannot overwrite each other unseen.

It must not know HTTP, nor read the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from service.cars.car import Car, CarChanges, CarDetails, NewCar
from service.cars.errors import CarAlreadyExists, CarNotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateItemInputTypeDef


@dataclass(frozen=True)
class CarPage:
    """Some of the cars. `last_car_id` is where the next page goes on, None at the end."""

    cars: tuple[Car, ...]
    last_car_id: str | None


class CarRepository:
    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def create(self, new: NewCar) -> Car:
        """Raises CarAlreadyExists when the id is taken."""
        now = datetime.now(UTC)
        car = Car(**new.model_dump(), created_at=now, updated_at=now)
        try:
            self._dynamodb.put_item(
                TableName=self._table_name,
                Item=to_item(car),
                ConditionExpression="attribute_not_exists(car_id)",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as exc:
            raise CarAlreadyExists(car.car_id) from exc
        return car

    def get(self, car_id: str) -> Car:
        """Raises CarNotFound. Reads what the last write left, not what it may have been a moment ago."""
        answer = self._dynamodb.get_item(TableName=self._table_name, Key={"car_id": {"S": car_id}}, ConsistentRead=True)
        if "Item" not in answer:
            raise CarNotFound(car_id)
        return from_item(answer["Item"])

    def list(self, *, limit: int, after_car_id: str | None) -> CarPage:
        """At most `limit` cars, in the table's own order, which is stable as long as no car comes or goes."""
        start: Any = {"ExclusiveStartKey": {"car_id": {"S": after_car_id}}} if after_car_id is not None else {}
        answer = self._dynamodb.scan(TableName=self._table_name, Limit=limit, **start)
        last_key = answer.get("LastEvaluatedKey")
        return CarPage(
            cars=tuple(from_item(item) for item in answer["Items"]),
            last_car_id=last_key["car_id"]["S"] if last_key else None,
        )

    def replace(self, car_id: str, details: CarDetails) -> Car:
        """Every detail of the car becomes what `details` says. Raises CarNotFound."""
        return self._update(car_id, _attributes(details))

    def change(self, car_id: str, changes: CarChanges) -> Car:
        """Only the fields set in `changes` change. Raises CarNotFound."""
        return self._update(car_id, _attributes(changes, only=changes.model_fields_set))

    def delete(self, car_id: str) -> None:
        """Raises CarNotFound."""
        try:
            self._dynamodb.delete_item(
                TableName=self._table_name,
                Key={"car_id": {"S": car_id}},
                ConditionExpression="attribute_exists(car_id)",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as exc:
            raise CarNotFound(car_id) from exc

    def _update(self, car_id: str, attributes: Mapping[str, AttributeValueTypeDef | None]) -> Car:
        """Sets what has a value, removes what is None. Placeholders, for `year` and `status` are reserved words."""
        attributes = {**attributes, "updated_at": {"S": datetime.now(UTC).isoformat()}}
        sets = [f"#{name} = :{name}" for name, value in attributes.items() if value is not None]
        removes = [f"#{name}" for name, value in attributes.items() if value is None]
        request: UpdateItemInputTypeDef = {
            "TableName": self._table_name,
            "Key": {"car_id": {"S": car_id}},
            "UpdateExpression": f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else ""),
            "ConditionExpression": "attribute_exists(car_id)",
            "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
            "ExpressionAttributeValues": {f":{name}": value for name, value in attributes.items() if value is not None},
            "ReturnValues": "ALL_NEW",
        }
        try:
            answer = self._dynamodb.update_item(**request)
        except self._dynamodb.exceptions.ConditionalCheckFailedException as exc:
            raise CarNotFound(car_id) from exc
        return from_item(answer["Attributes"])


def to_item(car: Car) -> dict[str, AttributeValueTypeDef]:
    return {name: value for name, value in _attributes(car).items() if value is not None}


def from_item(item: Mapping[str, Any]) -> Car:
    """A car from a DynamoDB item (or a stream's image): {"year": {"N": "2024"}, "bike_rack": {"BOOL": true}, …}."""
    return Car.model_validate({name: next(iter(value.values())) for name, value in item.items()})


def _attributes(shape: BaseModel, *, only: set[str] | None = None) -> dict[str, AttributeValueTypeDef | None]:
    return {name: _attribute(value) for name, value in shape.model_dump(include=only).items()}


def _attribute(value: object) -> AttributeValueTypeDef | None:
    match value:
        case None:
            return None
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": repr(value)}
        case datetime():
            return {"S": value.isoformat()}
        case str():
            return {"S": str(value)}
        case _:
            raise TypeError(f"A car has no attributes of type {type(value).__name__}: {value!r}")
