"""Sends an event to the bus for each change of a car, in the stream's order; where a car is now is no such change.

A record that nobody can read is set aside, in its turn, and the stream goes on. What could not be sent, or not be set
aside, is reported as a partial batch failure: Lambda then sends the batch again from the first such record on
("Reporting batch item failures for DynamoDB streams"). Where nothing was done, the call fails: a version that can send
nothing must not look like a good one. It must not skip a record, nor send one after a failed one. Of those in one
PutEvents the bus takes each for itself, and may have taken one behind a refused one: it comes again then, with the same
id, and `sequence` tells a subscriber the order.
"""

from __future__ import annotations

from service.cars import cold_start

# isort: split

import functools
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from service.cars import aws
from service.cars.car import CarStatus
from service.cars.events import SOURCE, CarEvent
from service.cars.intake import count_intake
from service.cars.set_aside import IS_REDRIVE, error_code, set_aside
from service.cars.settings import METRICS_NAMESPACE, ServiceName, Setting, read
from service.changes.runtime.stream_record import Change, Unreadable, is_position_report, read_record

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef
    from mypy_boto3_sqs import SQSClient

PUT_EVENTS_LIMIT = 10
"""The most entries that one PutEvents takes."""

SET_ASIDE_BYTES = 20_000
"""A record with both of its images has 1,500 bytes, and ten of this length fit into one SendMessageBatch."""

SQS_CLIENT = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
"""Once more at once, and no oftener: Lambda sends the batch again, with longer and longer pauses."""

logger = Logger(service=ServiceName.CHANGES)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=ServiceName.CHANGES)
cold_start.is_over()


class NothingSent(Exception):
    """Not even the first change of the batch is done. An error and no answer, for the canary's alarms count errors."""


@dataclass
class _Outcome:
    """What became of the changes, of which the first `done` need not come again."""

    done: int = 0
    sent: list[CarEvent] = field(default_factory=list)


@functools.cache
def event_bridge() -> EventBridgeClient:
    return aws.client("events")


@functools.cache
def sqs() -> SQSClient:
    return aws.client("sqs", config=SQS_CLIENT)


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`event` is {"Records": [DynamoDB stream record, …]}; the result {"batchItemFailures": [{"itemIdentifier"}]}.

    Of a redrive (IS_REDRIVE) it sets nothing aside, where that already lies, and answers even when nothing was done.
    Raises NothingSent.
    """
    records: list[dict[str, Any]] = event["Records"]
    _count("ReceivedChanges", len(records))
    changes = [read_record(record) for record in records if not is_position_report(record)]
    # Position reports would hide a version that refuses every change: they are no intake.
    count_intake(context, received=len(changes), refused=sum(isinstance(found, Unreadable) for found in changes))
    is_redrive = event.get(IS_REDRIVE) is True
    outcome = _work_off(changes, None if is_redrive else context.invoked_function_arn)
    failed = changes[outcome.done].record if outcome.done < len(changes) else None
    until = len(records) if failed is None else next(i for i, record in enumerate(records) if record is failed)
    _count("SentChanges", len(outcome.sent))
    _count("PositionReports", until - outcome.done)
    _count_statuses(outcome.sent)
    if failed is None:
        return {"batchItemFailures": []}
    if not outcome.done and not is_redrive:
        raise NothingSent("Not one change of the batch was sent; the log says why.")
    return {"batchItemFailures": [{"itemIdentifier": failed["dynamodb"]["SequenceNumber"]}]}


def _count(name: str, value: int) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


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


def _work_off(changes: Sequence[Change | Unreadable], function_arn: str | None) -> _Outcome:
    """Sends or sets aside each in its turn, up to the first that fails; `function_arn` None sets nothing aside."""
    outcome = _Outcome()
    for run in _runs(changes):
        done = _send(run, outcome.sent) if isinstance(run[0], Change) else _set_aside(run, function_arn)
        outcome.done += done
        if done < len(run):
            break
    return outcome


def _runs(changes: Iterable[Change | Unreadable]) -> Iterator[list[Any]]:
    """As many as follow each other of one kind, so that a request takes as many as it can."""
    for _, run in itertools.groupby(changes, type):
        yield list(run)


def _send(changes: Sequence[Change], sent: list[CarEvent]) -> int:
    """Sends them, adding each event to `sent`; answers how many were, up to the first that was not."""
    before = len(sent)
    for start in range(0, len(changes), PUT_EVENTS_LIMIT):
        events = [change.event for change in changes[start : start + PUT_EVENTS_LIMIT]]
        try:
            answer = event_bridge().put_events(Entries=[_entry(event) for event in events])
        except (ClientError, BotoCoreError) as exc:
            logger.error("events could not be sent", code=error_code(exc), count=len(events))
            break
        for event, entry in zip(events, answer["Entries"], strict=True):
            with logger.append_context_keys(**_about(event)):
                if "ErrorCode" in entry:
                    reason = entry.get("ErrorMessage")
                    logger.error("the bus refused an event", code=entry["ErrorCode"], reason=reason)
                    return len(sent) - before
                logger.info("an event was sent")
                sent.append(event)
    return len(sent) - before


def _set_aside(unreadable: Sequence[Unreadable], function_arn: str | None) -> int:
    """Puts them where people look at them; answers how many are there, up to the first that is not."""
    for found in unreadable:
        logger.warning(
            "a record of the stream is not a change of a car",
            reason=found.reason,
            sequence_number=found.sequence_number,
            car_id=found.car_id,
        )
    if function_arn is None:
        return 0
    messages = [_message(found, function_arn) for found in unreadable]
    done = set_aside(sqs(), read(Setting.SET_ASIDE_QUEUE_URL), messages)
    _count("SetAsideChanges", done.count)
    if done.first_missing is None:
        return len(messages)
    logger.error("records could not be set aside", reason=done.reason)
    return done.first_missing


def _message(unreadable: Unreadable, function_arn: str) -> str:
    """A message as FailureKind.CHANGE has it. At least once: the sequence number tells a record that is there twice."""
    record = unreadable.record
    is_cut_off = len(json.dumps(record)) > SET_ASIDE_BYTES
    return json.dumps(
        {
            "function_arn": function_arn,
            "sequence_number": unreadable.sequence_number,
            "key": unreadable.car_id,
            "record": _without_images(record) if is_cut_off else record,
            "is_cut_off": is_cut_off,
            "reason": unreadable.reason,
        }
    )


def _without_images(record: Mapping[str, Any]) -> dict[str, Any]:
    """What is long in a record: an item may have 400 KB, and a key 2."""
    change = {name: value for name, value in record["dynamodb"].items() if name not in ("NewImage", "OldImage")}
    return {**record, "dynamodb": change}


def _about(event: CarEvent) -> dict[str, str | None]:
    """What the log says of an event: nothing of where a car is."""
    return {
        "correlation_id": event.correlation_id,
        "car_id": event.car.car_id,
        "event_id": event.event_id,
        "type": event.type,
    }


def _entry(event: CarEvent) -> PutEventsRequestEntryTypeDef:
    return {
        "EventBusName": read(Setting.EVENT_BUS_NAME),
        "Source": SOURCE,
        "DetailType": event.type.value,
        "Detail": json.dumps(event.detail()),
        "Resources": [event.car.car_id],
    }
