"""Cars in their DynamoDB table: every write is conditional, so that two callers cannot overwrite each other unseen.

One call of DynamoDB for each method. It must not know HTTP, nor read the environment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from service.cars.car import Car, CarChanges, CarDetails, CarStatus, NewCar
from service.cars.errors import CarAlreadyExists, CarError, CarHasChanged, CarNotFound

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateItemInputTypeDef

BY_STATUS_INDEX = "ByStatus"
"""The table's index of cars by status, then id; all attributes are in it. It may lag behind the table by moments."""

POSITION = frozenset({"latitude", "longitude"})
WHAT_A_CAR_HAS: Any = {
    "ProjectionExpression": ", ".join(f"#{name}" for name in Car.model_fields),
    "ExpressionAttributeNames": {f"#{name}": name for name in Car.model_fields},
}
"""For lists: who wrote the cars last stays where it is, and need not be read for each of them."""

NO_TIME: AttributeValueTypeDef = {"S": ""}
"""A value that no attribute has: for "none of these", which DynamoDB's IN cannot say."""


@dataclass(frozen=True)
class Creation:
    """`is_new` is False when the same request had made the car before: then it is the car as it is now."""

    car: Car
    is_new: bool


@dataclass(frozen=True)
class CarPage:
    """Some of the cars. `last_car_id` is where the next page goes on, None at the end."""

    cars: tuple[Car, ...]
    last_car_id: str | None


class CarRepository:
    """`correlation_id` names, in every write, the request that made it: it stays with the item, for the stream to tell.

    `seen`, where there is one, holds the values of `updated_at` of which the car must have one: the write is then of
    nobody's change unseen. None takes the car as it is.
    """

    def __init__(self, dynamodb: DynamoDBClient, table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def create(self, new: NewCar, *, correlation_id: str, idempotency_digest: str | None = None) -> Creation:
        """Raises CarAlreadyExists when the id is taken, unless a request of the same digest took it."""
        now = datetime.now(UTC)
        has_position = new.latitude is not None or new.longitude is not None
        car = Car(**new.model_dump(), created_at=now, updated_at=now, position_at=now if has_position else None)
        item = {**to_item(car), "correlation_id": _attribute(correlation_id)}
        if idempotency_digest is not None:
            item["idempotency_digest"] = _attribute(idempotency_digest)
        try:
            self._dynamodb.put_item(
                TableName=self._table_name,
                Item=item,
                ConditionExpression="attribute_not_exists(car_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as exc:
            existing = _item_of(exc)
            if idempotency_digest is not None and existing.get("idempotency_digest") == {"S": idempotency_digest}:
                return Creation(from_item(existing), is_new=False)
            raise CarAlreadyExists(car.car_id) from exc
        return Creation(car, is_new=True)

    def get(self, car_id: str) -> Car:
        """Raises CarNotFound. Reads what the last write left, not what it may have been a moment ago."""
        answer = self._dynamodb.get_item(TableName=self._table_name, Key=_key(car_id), ConsistentRead=True)
        if "Item" not in answer:
            raise CarNotFound(car_id)
        return from_item(answer["Item"])

    def list(self, *, limit: int, after_car_id: str | None, status: CarStatus | None = None) -> CarPage:
        """At most `limit` cars: all, in the table's own order, or those of a status, by their ids.

        The order is stable as long as no car comes or goes.
        """
        key: dict[str, AttributeValueTypeDef] = {} if status is None else {"status": {"S": status.value}}
        start: Any = {} if after_car_id is None else {"ExclusiveStartKey": {**key, **_key(after_car_id)}}
        if status is None:
            answer: Any = self._dynamodb.scan(TableName=self._table_name, Limit=limit, **WHAT_A_CAR_HAS, **start)
        else:
            answer = self._dynamodb.query(
                TableName=self._table_name,
                IndexName=BY_STATUS_INDEX,
                KeyConditionExpression="#status = :status",
                ExpressionAttributeValues={":status": key["status"]},
                Limit=limit,
                **WHAT_A_CAR_HAS,
                **start,
            )
        last_key = answer.get("LastEvaluatedKey")
        return CarPage(
            cars=tuple(from_item(item) for item in answer["Items"]),
            last_car_id=last_key["car_id"]["S"] if last_key else None,
        )

    def replace(
        self, car_id: str, details: CarDetails, *, correlation_id: str, seen: Sequence[datetime] | None = None
    ) -> Car:
        """Every detail of the car becomes what `details` says. Raises CarNotFound and CarHasChanged."""
        return self._update(car_id, _attributes(details), correlation_id=correlation_id, seen=seen)

    def change(
        self, car_id: str, changes: CarChanges, *, correlation_id: str, seen: Sequence[datetime] | None = None
    ) -> Car:
        """Only the fields set in `changes` change. Raises CarNotFound and CarHasChanged."""
        attributes = _attributes(changes, only=changes.model_fields_set)
        return self._update(car_id, attributes, correlation_id=correlation_id, seen=seen)

    def delete(self, car_id: str, *, seen: Sequence[datetime] | None = None) -> None:
        """Raises CarNotFound and CarHasChanged."""
        condition, values = _condition(seen)
        expected: Any = {"ExpressionAttributeValues": values} if values else {}
        try:
            self._dynamodb.delete_item(
                TableName=self._table_name,
                Key=_key(car_id),
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **expected,
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as exc:
            raise _refusal(car_id, exc) from exc

    def _update(
        self,
        car_id: str,
        attributes: Mapping[str, AttributeValueTypeDef | None],
        *,
        correlation_id: str,
        seen: Sequence[datetime] | None,
    ) -> Car:
        """Sets what has a value, removes what is None. Placeholders, for `year` and `status` are reserved words."""
        now = _attribute(datetime.now(UTC))
        attributes = {**attributes, "updated_at": now, "correlation_id": _attribute(correlation_id)}
        if POSITION & attributes.keys():
            attributes["position_at"] = now
        condition, values = _condition(seen)
        sets = [f"#{name} = :{name}" for name, value in attributes.items() if value is not None]
        removes = [f"#{name}" for name, value in attributes.items() if value is None]
        values.update((f":{name}", value) for name, value in attributes.items() if value is not None)
        request: UpdateItemInputTypeDef = {
            "TableName": self._table_name,
            "Key": _key(car_id),
            "UpdateExpression": f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else ""),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            answer = self._dynamodb.update_item(**request)
        except self._dynamodb.exceptions.ConditionalCheckFailedException as exc:
            raise _refusal(car_id, exc) from exc
        return from_item(answer["Attributes"])


def _key(car_id: str) -> dict[str, AttributeValueTypeDef]:
    return {"car_id": {"S": car_id}}


def _condition(seen: Sequence[datetime] | None) -> tuple[str, dict[str, AttributeValueTypeDef]]:
    """A ConditionExpression and its values: the car is there, and as it was seen. Both spellings of a whole second."""
    if seen is None:
        return "attribute_exists(car_id)", {}
    spellings = {text for moment in seen for text in (moment.isoformat(), moment.isoformat(timespec="microseconds"))}
    times: list[AttributeValueTypeDef] = [{"S": text} for text in sorted(spellings)] or [NO_TIME]
    values = {f":seen_{number}": time for number, time in enumerate(times)}
    return f"attribute_exists(car_id) AND updated_at IN ({', '.join(values)})", values


def _item_of(failed: ClientError) -> Mapping[str, Any]:
    """The item that failed the condition ("ReturnValuesOnConditionCheckFailure"), {} when there is none."""
    item: Mapping[str, Any] = failed.response.get("Item", {})  # type: ignore[assignment]
    return item


def _refusal(car_id: str, failed: ClientError) -> CarError:
    return CarHasChanged(car_id) if _item_of(failed) else CarNotFound(car_id)


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
