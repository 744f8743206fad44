"""Sends an event to the bus for each change of a car, in the stream's order; where a car is now is no such change.

What could not be sent is reported as a partial batch failure: Lambda then sends the batch again from the first such
record on ("Reporting batch item failures for DynamoDB streams"). Where nothing was sent, the call fails: a version that
can send nothing must not look like a good one. It must not skip a record, nor send one after a failed one. Of those in
one PutEvents the bus takes each for itself, and may have taken one behind a refused one: it comes again then, with the
same id, and `sequence` tells a subscriber the order.
"""

from __future__ import annotations

from service.cars import cold_start

# isort: split

import functools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from service.cars import aws
from service.cars.car import Car, CarStatus
from service.cars.events import SOURCE, CarEvent, CarEventType
from service.cars.repository import from_item
from service.cars.settings import METRICS_NAMESPACE, ServiceName, Setting, read

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

PUT_EVENTS_LIMIT = 10
"""The most entries that one PutEvents takes."""

LONGEST_SEQUENCE_NUMBER = 40
"""Digits ("StreamRecord", DynamoDB Streams); numbers of one length sort as texts do."""

TYPES = {"INSERT": CarEventType.CREATED, "MODIFY": CarEventType.UPDATED, "REMOVE": CarEventType.DELETED}

logger = Logger(service=ServiceName.CHANGES)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=ServiceName.CHANGES)
cold_start.is_over()


class UnreadableRecord(Exception):
    """A record of the stream is not a change of a car."""


class NothingSent(Exception):
    """No change of the batch came to the bus. An error and not an answer, for the canary's alarms count errors."""


@functools.cache
def event_bridge() -> EventBridgeClient:
    return aws.client("events")


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`event` is {"Records": [DynamoDB stream record, …]}; the result {"batchItemFailures": [{"itemIdentifier"}]}.

    Raises NothingSent.
    """
    records: list[dict[str, Any]] = event["Records"]
    metrics.add_metric(name="ReceivedChanges", unit=MetricUnit.Count, value=len(records))
    sent, failed = _send(records)
    done = len(records) if failed is None else records.index(failed)
    metrics.add_metric(name="SentChanges", unit=MetricUnit.Count, value=len(sent))
    metrics.add_metric(name="PositionReports", unit=MetricUnit.Count, value=done - len(sent))
    _count_statuses(sent)
    if failed is None:
        return {"batchItemFailures": []}
    if not sent:
        raise NothingSent("Not one change of the batch was sent; the log says why.")
    return {"batchItemFailures": [{"itemIdentifier": failed["dynamodb"]["SequenceNumber"]}]}


def _count_statuses(sent: Iterable[CarEvent]) -> None:
    """Counts, by status, the cars that came into it and that went out of it: a metric set each, for the dimension."""
    entered: Counter[CarStatus | None] = Counter()
    left: Counter[CarStatus | None] = Counter()
    for event in sent:
        if event.status_before is not event.status_after and not event.is_synthetic:
            left[event.status_before] += 1
            entered[event.status_after] += 1
    for status in CarStatus:
        if not entered[status] and not left[status]:
            continue
        by_status = EphemeralMetrics(namespace=METRICS_NAMESPACE, service=ServiceName.CHANGES)
        by_status.add_dimension(name="status", value=status)
        by_status.add_metric(name="CarsEntered", unit=MetricUnit.Count, value=entered[status])
        by_status.add_metric(name="CarsLeft", unit=MetricUnit.Count, value=left[status])
        by_status.flush_metrics()


def _send(records: Sequence[dict[str, Any]]) -> tuple[list[CarEvent], dict[str, Any] | None]:
    """Sends the records in order; answers the events sent, and the first that was not, None when all were."""
    sent: list[CarEvent] = []
    readable, unreadable = _readable(records)
    for chunk in _chunks(readable):
        answer = event_bridge().put_events(Entries=[_entry(event) for _, event in chunk])
        for (record, event), entry in zip(chunk, answer["Entries"], strict=True):
            with logger.append_context_keys(**_about(event)):
                if "ErrorCode" in entry:
                    reason = entry.get("ErrorMessage")
                    logger.error("the bus refused an event", code=entry["ErrorCode"], reason=reason)
                    return sent, record
                logger.info("an event was sent")
                sent.append(event)
    return sent, unreadable


def _about(event: CarEvent) -> dict[str, str | None]:
    """What the log says of an event: nothing of where a car is."""
    return {
        "correlation_id": event.correlation_id,
        "car_id": event.car.car_id,
        "event_id": event.event_id,
        "type": event.type,
    }


def _readable(
    records: Iterable[dict[str, Any]],
) -> tuple[list[tuple[dict[str, Any], CarEvent]], dict[str, Any] | None]:
    """The records to send up to the first unreadable one, and that one."""
    readable: list[tuple[dict[str, Any], CarEvent]] = []
    for record in records:
        if is_position_report(record):
            continue
        try:
            readable.append((record, car_event(record)))
        except UnreadableRecord:
            logger.exception("a record of the stream is not a change of a car", event_id=record.get("eventID"))
            return readable, record
    return readable, None


def is_position_report(record: Mapping[str, Any]) -> bool:
    """Whether a car only said where it is: every other write gives it another `updated_at`.

    There are far too many of them for the bus, and the car's position is to be had from the API.
    """
    change: Mapping[str, Any] = record.get("dynamodb", {})
    before = change.get("OldImage", {}).get("updated_at")
    return before is not None and before == change.get("NewImage", {}).get("updated_at")


def car_event(record: Mapping[str, Any]) -> CarEvent:
    """The change that a record of the table's stream (view NEW_AND_OLD_IMAGES) tells. Raises UnreadableRecord."""
    try:
        change = record["dynamodb"]
        new = from_item(change["NewImage"]) if "NewImage" in change else None
        old = from_item(change["OldImage"]) if "OldImage" in change else None
        event_type = TYPES[record["eventName"]]
        occurred_at = datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC)
        sequence = str(change["SequenceNumber"]).zfill(LONGEST_SEQUENCE_NUMBER)
    except (KeyError, ValidationError) as exc:
        raise UnreadableRecord(str(exc)) from exc
    car: Car | None = new or old
    if car is None:
        raise UnreadableRecord("It has neither a new nor an old image.")
    return CarEvent(
        event_id=record["eventID"],
        type=event_type,
        occurred_at=occurred_at,
        sequence=sequence,
        correlation_id=_correlation_id(change.get("NewImage") or change["OldImage"]),
        car=car,
        previous=old if new else None,
    )


def _correlation_id(image: Mapping[str, Any]) -> str | None:
    """What the car's last writer was called by, if it said so: an older version does not."""
    found: str | None = image.get("correlation_id", {}).get("S")
    return found


def _chunks(
    readable: Sequence[tuple[dict[str, Any], CarEvent]],
) -> Iterator[Sequence[tuple[dict[str, Any], CarEvent]]]:
    for start in range(0, len(readable), PUT_EVENTS_LIMIT):
        yield readable[start : start + PUT_EVENTS_LIMIT]


def _entry(event: CarEvent) -> PutEventsRequestEntryTypeDef:
    return {
        "EventBusName": read(Setting.EVENT_BUS_NAME),
        "Source": SOURCE,
        "DetailType": event.type.value,
        "Detail": json.dumps(event.detail()),
        "Resources": [event.car.car_id],
    }
