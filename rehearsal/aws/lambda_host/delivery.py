"""Sends how an asynchronous event ended to where the function's settings say, with the function's execution role.

It must not retry the event. A destination that cannot be written to is a metric and a line in the log, as on AWS.
Sources: "Capturing records of Lambda asynchronous invocations", "Adding a dead-letter queue".
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.lambda_host.destination import DestinationRefused, send
from rehearsal.aws.lambda_host.event_invoke_config import Condition
from rehearsal.aws.lambda_host.function import Clients, FunctionVersion
from rehearsal.aws.lambda_host.functions import Functions
from rehearsal.aws.lambda_host.invocation_record import EndedEvent, dead_letter_attributes, invocation_record
from rehearsal.aws.lambda_host.metrics import InvocationMetrics
from rehearsal.errors import RehearsalError

_LONGEST_SESSION_NAME = 64
log = logging.getLogger(__name__)


class Deliveries:
    """See the module. Safe to use from several threads; a delivery blocks."""

    def __init__(self, clients: Clients, functions: Functions, metrics: InvocationMetrics) -> None:
        self._clients = clients
        self._functions = functions
        self._metrics = metrics

    def deliver(self, ended: EndedEvent) -> None:
        """To the destination of the qualifier that was invoked and, of a failed event, to the dead-letter queue too."""
        destination = self._functions.event_invoke_config(ended.function).destination(ended.condition)
        version = self._functions.version(ended.function, ended.result.version)
        dead_letter = version.dead_letter_arn if ended.condition is not Condition.SUCCESS else ""

        def session() -> boto3.Session:
            return self._session(version)

        if destination:
            record = invocation_record(ended)
            self._try(
                ended, "DestinationDeliveryFailures", destination, lambda: send(destination, record, session=session())
            )
        if dead_letter:
            self._try(
                ended, "DeadLetterErrors", dead_letter, lambda: _send_dead_letter(dead_letter, ended, session=session())
            )

    def _session(self, version: FunctionVersion) -> boto3.Session:
        name = version.function.name[:_LONGEST_SESSION_NAME].ljust(2, "-")
        return self._clients.assume(version.role_arn, session_name=name, region=version.function.region)

    def _try(self, ended: EndedEvent, metric: str, target: str, write: Callable[[], None]) -> None:
        try:
            write()
        except (ClientError, BotoCoreError, RehearsalError) as exc:
            log.warning("The event %s of %s could not be sent to %s: %s", ended.request_id, ended.function, target, exc)
            self._metrics.record_asynchronous(ended.function, metric, at=ended.ended_at)


def _send_dead_letter(target_arn: str, ended: EndedEvent, *, session: boto3.Session) -> None:
    """The event as it came; why it failed stands in the attributes."""
    _, _, service, _, account, name = target_arn.split(":", 5)
    body, attributes = ended.payload.decode(), dead_letter_attributes(ended)
    match service:
        case "sqs":
            sqs = session.client("sqs")
            url = f"{sqs.meta.endpoint_url}/{account}/{name}"
            sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)  # type: ignore[arg-type]
        case "sns":
            session.client("sns").publish(TopicArn=target_arn, Message=body, MessageAttributes=attributes)  # type: ignore[arg-type]
        case _:
            raise DestinationRefused(f"The dead-letter queue {target_arn} is neither an SQS queue nor an SNS topic.")
