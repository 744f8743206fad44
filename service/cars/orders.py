"""Maintenance orders take a car out of service and back: each is carried out once, however often it is heard of.

A car is in maintenance as long as any of its orders is started and not finished, so that it does not matter in which
order they come. Order and car change in one transaction, and only if neither has changed since they were read.
It must not know how an order travels.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from service.cars.car import CAR_ID_PATTERN, CarId, CarStatus, kept
from service.cars.errors import MalformedOrder, OrderContended, OrderNotStarted, OrderOfOtherCar, findings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

KEPT = timedelta(days=90)
"""How long a finished or rejected order is remembered: far longer than any queue keeps a message, 14 days."""

ATTEMPTS = 3
"""How often an order is tried when others write its car at the same moment."""

OrderId = Annotated[str, StringConstraints(pattern=CAR_ID_PATTERN)]


class MaintenanceAction(StrEnum):
    START = "start"
    FINISH = "finish"


class MaintenanceOrder(BaseModel):
    """{"order_id", "car_id", "action": "start" | "finish"}.

    A field more is refused: it may say how the order is meant, and it is carried out as it is meant or not at all.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    order_id: OrderId
    car_id: CarId
    action: MaintenanceAction


def parse_order(text: str) -> MaintenanceOrder:
    """The order in `text` (JSON). Raises MalformedOrder."""
    try:
        return MaintenanceOrder.model_validate_json(text)
    except ValidationError as exc:
        raise MalformedOrder(findings(exc)) from None


class OrderStatus(StrEnum):
    """none -> Started -> Finished; or none -> Rejected, when the car is unknown."""

    STARTED = "Started"
    FINISHED = "Finished"
    REJECTED = "Rejected"


class OrderOutcome(StrEnum):
    """What hearing of an order has done. Duplicate: nothing, for it was done before (or rejected)."""

    STARTED = "Started"
    FINISHED = "Finished"
    REJECTED = "Rejected"
    DUPLICATE = "Duplicate"


class OrderRepository:
    def __init__(self, dynamodb: DynamoDBClient, *, orders_table_name: str, cars_table_name: str) -> None:
        self._dynamodb = dynamodb
        self._orders_table_name = orders_table_name
        self._cars_table_name = cars_table_name

    def carry_out(self, order: MaintenanceOrder, *, correlation_id: str) -> OrderOutcome:
        """Starts or finishes the order. Raises OrderError; nothing has changed then, and it may be tried again."""
        for _ in range(ATTEMPTS):
            outcome, writes = self._decide(order, correlation_id)
            if not writes or self._write(writes):
                return outcome
        raise OrderContended(order.order_id)

    def _decide(
        self, order: MaintenanceOrder, correlation_id: str
    ) -> tuple[OrderOutcome, list[TransactWriteItemTypeDef]]:
        """What the order comes to with order and car as they are now, and the writes that make it so."""
        known = self._item(self._orders_table_name, {"order_id": {"S": order.order_id}})
        if known is not None and known["car_id"]["S"] != order.car_id:
            raise OrderOfOtherCar(order.order_id, car_id=order.car_id, known_car_id=known["car_id"]["S"])
        if known is None and order.action is MaintenanceAction.FINISH:
            raise OrderNotStarted(order.order_id)
        if known is not None and (
            order.action is MaintenanceAction.START or known["status"]["S"] != OrderStatus.STARTED
        ):
            return OrderOutcome.DUPLICATE, []

        now = datetime.now(UTC)
        car = self._item(self._cars_table_name, {"car_id": {"S": order.car_id}})
        if known is not None:
            writes = [self._finish(order, correlation_id, now)]
            if car is not None and order.order_id in _open_orders(car):
                writes.append(self._release(order, car, correlation_id, now))
            return OrderOutcome.FINISHED, writes
        if car is None:
            return OrderOutcome.REJECTED, [self._reject(order, correlation_id, now)]
        return OrderOutcome.STARTED, [
            self._put(order, OrderStatus.STARTED, correlation_id, started_at={"S": now.isoformat()}),
            self._take_out(order, car, correlation_id, now),
        ]

    def _item(self, table_name: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
        return self._dynamodb.get_item(TableName=table_name, Key=key, ConsistentRead=True).get("Item")

    def _write(self, writes: list[TransactWriteItemTypeDef]) -> bool:
        """All of the writes or none; False when someone else wrote what they touch since it was read."""
        try:
            self._dynamodb.transact_write_items(TransactItems=writes)
        except self._dynamodb.exceptions.TransactionCanceledException as exc:
            codes = {reason.get("Code", "None") for reason in exc.response["CancellationReasons"]} - {"None"}
            if codes <= {"ConditionalCheckFailed", "TransactionConflict"}:
                return False
            raise
        return True

    def _put(
        self, order: MaintenanceOrder, status: OrderStatus, correlation_id: str, **more: Mapping[str, str]
    ) -> TransactWriteItemTypeDef:
        return {
            "Put": {
                "TableName": self._orders_table_name,
                "Item": {
                    "order_id": {"S": order.order_id},
                    "car_id": {"S": order.car_id},
                    "status": {"S": status.value},
                    "correlation_id": {"S": correlation_id},
                    **more,
                },
                "ConditionExpression": "attribute_not_exists(order_id)",
            }
        }

    def _reject(self, order: MaintenanceOrder, correlation_id: str, now: datetime) -> TransactWriteItemTypeDef:
        return self._put(
            order,
            OrderStatus.REJECTED,
            correlation_id,
            rejected_at={"S": now.isoformat()},
            reason={"S": "There is no such car."},
            expires_at=_expiry(order, now),
        )

    def _finish(self, order: MaintenanceOrder, correlation_id: str, now: datetime) -> TransactWriteItemTypeDef:
        return {
            "Update": {
                "TableName": self._orders_table_name,
                "Key": {"order_id": {"S": order.order_id}},
                "UpdateExpression": "SET #status = :finished, correlation_id = :correlation_id, "
                "finished_at = :now, expires_at = :expires_at",
                "ConditionExpression": "#status = :started",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {
                    ":started": {"S": OrderStatus.STARTED.value},
                    ":finished": {"S": OrderStatus.FINISHED.value},
                    ":correlation_id": {"S": correlation_id},
                    ":now": {"S": now.isoformat()},
                    ":expires_at": _expiry(order, now),
                },
            }
        }

    def _take_out(
        self, order: MaintenanceOrder, car: Mapping[str, Any], correlation_id: str, now: datetime
    ) -> TransactWriteItemTypeDef:
        return self._update_car(
            order, car, correlation_id, now, status=CarStatus.IN_MAINTENANCE, change="ADD maintenance_orders :order"
        )

    def _release(
        self, order: MaintenanceOrder, car: Mapping[str, Any], correlation_id: str, now: datetime
    ) -> TransactWriteItemTypeDef:
        """The last open order makes the car available, unless someone has given it another status meanwhile."""
        status = str(car["status"]["S"])
        if status == CarStatus.IN_MAINTENANCE and _open_orders(car) == {order.order_id}:
            status = CarStatus.AVAILABLE
        return self._update_car(
            order, car, correlation_id, now, status=status, change="DELETE maintenance_orders :order"
        )

    def _update_car(
        self,
        order: MaintenanceOrder,
        car: Mapping[str, Any],
        correlation_id: str,
        now: datetime,
        *,
        status: str,
        change: str,
    ) -> TransactWriteItemTypeDef:
        """Every write of a car but that of its position changes `updated_at`: unchanged, the car is as it was read."""
        return {
            "Update": {
                "TableName": self._cars_table_name,
                "Key": {"car_id": {"S": order.car_id}},
                "UpdateExpression": "SET #status = :status, updated_at = :now, "
                f"correlation_id = :correlation_id {change}",
                "ConditionExpression": "updated_at = :read",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {
                    ":status": {"S": str(status)},
                    ":now": {"S": now.isoformat()},
                    ":read": car["updated_at"],
                    ":correlation_id": {"S": correlation_id},
                    ":order": {"SS": [order.order_id]},
                },
            }
        }


def _open_orders(car: Mapping[str, Any]) -> set[str]:
    """The orders for which the car is in maintenance."""
    return set(car.get("maintenance_orders", {}).get("SS", ()))


def _expiry(order: MaintenanceOrder, now: datetime) -> dict[str, str]:
    return {"N": str(int((now + kept(order.car_id, KEPT)).timestamp()))}
