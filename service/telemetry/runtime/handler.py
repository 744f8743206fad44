"""Writes the newest position of each car of a batch, and sets aside what is no report.

Whatever goes wrong, the stream goes on: a record is done when its position, or a newer one, is in the table, or it lies
in the queue of what was set aside. From the first on that is not, Lambda sends the batch again ("Reporting batch item
failures for Kinesis Data Streams"); doing a record twice changes nothing.
It must not log where a car is.
"""

from __future__ import annotations

from service.cars import cold_start

# isort: split

import base64
import functools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from service.cars import aws
from service.cars.errors import MalformedReport
from service.cars.intake import count_intake
from service.cars.set_aside import error_code, set_aside
from service.cars.settings import METRICS_NAMESPACE, ServiceName, Setting, read
from service.cars.telemetry import PositionOutcome, PositionReport, PositionRepository, parse_report

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

WRITES_AT_ONCE = 8
"""Each waits for DynamoDB most of its time; a client keeps ten connections."""

CLIENT = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
"""Once more at once, and no oftener: Lambda sends the batch again, with longer and longer pauses."""

SET_ASIDE_BYTES = 10_000
"""A report has 200 bytes, and ten of this length fit into one SendMessageBatch. What is longer is cut off."""

logger = Logger(service=ServiceName.TELEMETRY)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=ServiceName.TELEMETRY)
cold_start.is_over()


class NothingDone(Exception):
    """The whole batch has to come again. An error and not an answer, for the canary's alarms count errors."""


@dataclass(frozen=True)
class Malformed:
    """A record that is no report, and why; the reason holds nothing of what is in it."""

    record: Mapping[str, Any]
    reason: str


@functools.cache
def positions() -> PositionRepository:
    return PositionRepository(aws.client("dynamodb", config=CLIENT), read(Setting.CARS_TABLE_NAME))


@functools.cache
def sqs() -> SQSClient:
    return aws.client("sqs", config=CLIENT)


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`event` is {"Records": [Kinesis record, …]}; the result {"batchItemFailures": [{"itemIdentifier"}]}.

    Raises NothingDone.
    """
    records: list[dict[str, Any]] = event["Records"]
    _count("ReceivedReports", len(records))
    reports, malformed = _read(records)
    count_intake(context, received=len(records), refused=len(malformed))
    newest = _newest(reports)
    _count("StaleReports", len(reports) - len(newest))
    not_done = _store({place: reports[place] for place in newest})
    if not_done and len(not_done) == len(newest):
        raise NothingDone("Not one position of the batch could be written; the log says why.")
    first = min(not_done, default=len(records))
    first = _set_aside({place: each for place, each in malformed.items() if place < first}, otherwise=first)
    if first == len(records):
        return {"batchItemFailures": []}
    if first == 0:
        raise NothingDone("Not even the first record of the batch is done; the log says why.")
    return {"batchItemFailures": [{"itemIdentifier": records[first]["kinesis"]["sequenceNumber"]}]}


def _read(records: Sequence[Mapping[str, Any]]) -> tuple[dict[int, PositionReport], dict[int, Malformed]]:
    """The reports, and what is none, by their places in the batch."""
    reports: dict[int, PositionReport] = {}
    malformed: dict[int, Malformed] = {}
    for place, record in enumerate(records):
        kinesis = record["kinesis"]
        arrived_at = datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC)
        try:
            reports[place] = parse_report(base64.b64decode(kinesis["data"]), arrived_at=arrived_at)
        except MalformedReport as exc:
            malformed[place] = Malformed(record, str(exc))
    return reports, malformed


def _newest(reports: Mapping[int, PositionReport]) -> list[int]:
    """The place of each car's newest report: the others would be out of date as soon as they were written."""
    newest: dict[str, int] = {}
    for place, report in reports.items():
        best = newest.setdefault(report.car_id, place)
        if report.measured_at > reports[best].measured_at:
            newest[report.car_id] = place
    return list(newest.values())


def _store(reports: Mapping[int, PositionReport]) -> list[int]:
    """Writes them, and answers the places of those that could not be written."""
    with ThreadPoolExecutor(WRITES_AT_ONCE) as pool:
        outcomes = dict(zip(reports, pool.map(_outcome, reports.values()), strict=True))
    counted = Counter(outcome for outcome in outcomes.values() if isinstance(outcome, PositionOutcome))
    _count("StoredPositions", counted[PositionOutcome.STORED])
    _count("StaleReports", counted[PositionOutcome.STALE])
    _count("UnknownCars", counted[PositionOutcome.UNKNOWN_CAR])
    failures = {place: outcome for place, outcome in outcomes.items() if not isinstance(outcome, PositionOutcome)}
    _count("FailedReports", len(failures))
    if failures:
        logger.error("positions could not be written", reasons=Counter(map(error_code, failures.values())))
    return list(failures)


def _outcome(report: PositionReport) -> PositionOutcome | ClientError | BotoCoreError:
    try:
        return positions().store(report)
    except (ClientError, BotoCoreError) as exc:
        return exc


def _set_aside(malformed: Mapping[int, Malformed], *, otherwise: int) -> int:
    """Sends them to where people look at them; answers the place of the first that could not be sent, or `otherwise`.

    Only those before the first record that has to come again: later ones come again with it, and would lie there twice.
    """
    if not malformed:
        return otherwise
    places = list(malformed)
    done = set_aside(sqs(), read(Setting.SET_ASIDE_QUEUE_URL), [_message(malformed[place]) for place in places])
    _count("SetAsideReports", done.count)
    if done.first_missing is None:
        return otherwise
    logger.error("malformed records could not be set aside", reason=done.reason)
    return places[done.first_missing]


def _message(malformed: Malformed) -> str:
    """A message as FailureKind.RECORD has it. At least once: the sequence number tells a record that is there twice."""
    kinesis = malformed.record["kinesis"]
    logger.warning("a record is no report", reason=malformed.reason, sequence_number=kinesis["sequenceNumber"])
    data = base64.b64decode(kinesis["data"])
    is_cut_off = len(data) > SET_ASIDE_BYTES
    shortened = f" (only the first {SET_ASIDE_BYTES} of {len(data)} bytes are here)" if is_cut_off else ""
    return json.dumps(
        {
            "event_source_arn": malformed.record["eventSourceARN"],
            "partition_key": kinesis["partitionKey"],
            "sequence_number": kinesis["sequenceNumber"],
            "data": base64.b64encode(data[:SET_ASIDE_BYTES]).decode(),
            "is_cut_off": is_cut_off,
            "reason": malformed.reason + shortened,
        }
    )


def _count(name: str, value: int) -> None:
    if value:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
