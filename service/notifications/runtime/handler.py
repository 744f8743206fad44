"""Writes down, in words, what has happened to a car, for the people who look after it.

The topic hands in one event of the bus at a time, and hands it in again when it is in doubt: each is written once. What
cannot be read or written fails the call, and Lambda tries again, then keeps the event in the queue of failures.
"""

from __future__ import annotations

from service.cars import cold_start

# isort: split

import functools
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

from service.cars import aws
from service.cars.events import CarEventDetail, CarEventType
from service.cars.notification import NotificationRepository, notification_of
from service.cars.settings import METRICS_NAMESPACE, ServiceName, Setting, read

logger = Logger(service=ServiceName.NOTIFICATIONS)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=ServiceName.NOTIFICATIONS)
cold_start.is_over()


class BusEvent(BaseModel):
    """What of an event the bus adds to its detail ("Events in Amazon EventBridge"); `time` is when it was sent."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    type: CarEventType = Field(alias="detail-type")
    time: datetime
    detail: CarEventDetail


@functools.cache
def repository() -> NotificationRepository:
    return NotificationRepository(aws.client("dynamodb"), read(Setting.NOTIFICATIONS_TABLE_NAME))


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`event` is {"Records": [{"Sns": {"Message": an event of the bus as JSON, …}}]}; it answers the ids written."""
    records: list[dict[str, Any]] = event["Records"]
    metrics.add_metric(name="ReceivedEvents", unit=MetricUnit.Count, value=len(records))
    return {"notifications": [_notify(record["Sns"]["Message"]) for record in records]}


def _notify(message: str) -> str:
    """The notification's id. Raises pydantic's ValidationError when the message is no event of a car."""
    event = BusEvent.model_validate_json(message)
    notification = notification_of(event.type, event.detail, sent_at=event.time)
    with logger.append_context_keys(
        correlation_id=notification.correlation_id, car_id=notification.car_id, event_id=notification.event_id
    ):
        is_new = repository().add(notification)
        metrics.add_metric(
            name="WrittenNotifications" if is_new else "DuplicateNotifications", unit=MetricUnit.Count, value=1
        )
        logger.info("a notification was written" if is_new else "a notification was there already", type=event.type)
    return notification.notification_id
