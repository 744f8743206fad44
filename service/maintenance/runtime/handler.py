"""Carries out maintenance orders, each by itself: one that fails comes back alone, and at last lies in a queue apart.

Powertools' BatchProcessor keeps them apart, whatever goes wrong with one. Its import takes 70 ms of a cold start, which
nobody waits for here.
"""

from __future__ import annotations

from service.cars import cold_start

# isort: split

import functools
import re
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from service.cars import aws
from service.cars.errors import MalformedOrder, OrderError
from service.cars.intake import count_intake
from service.cars.orders import OrderOutcome, OrderRepository, parse_order
from service.cars.settings import METRICS_NAMESPACE, ServiceName, Setting, read

CLIENT = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
"""Once more at once, and no oftener: what fails, the queue gives out again. A hung order leaves time for the others."""

CORRELATION_ID = "correlation_id"
"""The message attribute with the id under which the planner follows an order through all logs."""

CORRELATION_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:=-]{0,127}")

logger = Logger(service=ServiceName.MAINTENANCE)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=ServiceName.MAINTENANCE)
cold_start.is_over()
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


class NothingCarriedOut(Exception):
    """All orders of a batch failed, and not all by their own fault. An error: the canary's alarms count errors."""


@functools.cache
def orders() -> OrderRepository:
    return OrderRepository(
        aws.client("dynamodb", config=CLIENT),
        orders_table_name=read(Setting.ORDERS_TABLE_NAME),
        cars_table_name=read(Setting.CARS_TABLE_NAME),
    )


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """`event` is {"Records": [SQS message, …]}; the result {"batchItemFailures": [{"itemIdentifier"}]}.

    Raises NothingCarriedOut.
    """
    _count("ReceivedOrders", len(event["Records"]))
    with processor(event["Records"], _carry_out):
        processor.process()
    _count("FailedOrders", len(processor.fail_messages))
    malformed = [error for _, error, _ in processor.exceptions if isinstance(error, MalformedOrder)]
    count_intake(context, received=len(event["Records"]), refused=len(malformed))
    if processor.fail_messages and not processor.success_messages:
        ours = [error for _, error, _ in processor.exceptions if not isinstance(error, OrderError)]
        if ours:
            raise NothingCarriedOut(f"All {len(processor.fail_messages)} orders failed; the log says why.") from ours[0]
    return processor.response()


def _carry_out(record: SQSRecord) -> OrderOutcome:
    """Raises OrderError when it is the order's fault; the message comes back, and after some times goes aside."""
    logger.set_correlation_id(record.message_id)
    try:
        order = parse_order(record.body)
        correlation_id = _correlation_id(record, default=order.order_id)
        logger.set_correlation_id(correlation_id)
        outcome = orders().carry_out(order, correlation_id=correlation_id)
    except OrderError as exc:
        logger.warning("an order was not carried out", message_id=record.message_id, reason=str(exc))
        raise
    except Exception:
        logger.exception("an order could not be carried out", message_id=record.message_id)
        raise
    logger.info("an order was heard of", order_id=order.order_id, action=order.action, outcome=outcome)
    _count(f"{outcome}Orders", 1)
    return outcome


def _correlation_id(record: SQSRecord, *, default: str) -> str:
    attribute = record.message_attributes[CORRELATION_ID]
    given = attribute.string_value if attribute is not None else None
    return given if given is not None and CORRELATION_ID_PATTERN.fullmatch(given) else default


def _count(name: str, value: int) -> None:
    if value:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
