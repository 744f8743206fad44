"""Sends what Lambda could not deliver, or did deliver, to a destination: a queue, a topic, an event bus or a function.

In: the invocation record, and a boto3 session of the function's execution role: Lambda writes with that role, so one
that may not write to its destination fails here as on AWS. It must not know why a record is sent.
Sources: "Capturing records of Lambda asynchronous invocations" and "Retain discarded batch records for a Kinesis Data
Streams event source in Lambda".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3

from rehearsal.errors import RehearsalError

DESTINATION_SERVICES = frozenset({"sqs", "sns", "events", "lambda"})
_SUCCESS = "Success"


class DestinationRefused(RehearsalError):
    """The local AWS has no such destination, or the event bus did not take the record."""


def send(destination_arn: str, message: Mapping[str, Any], *, session: boto3.Session) -> None:
    """Sends the invocation record `message`, as JSON, to the destination.

    Raises botocore's `ClientError` where the session's role may not, or where the destination is gone, and
    DestinationRefused. An event bus gets the record as the detail of an event of the source `lambda`.
    """
    service, region, account, name = _parse(destination_arn)
    client = _client(session, service, region)
    body = json.dumps(message)
    match service:
        case "sqs":  # the address, not GetQueueUrl: Lambda asks for sqs:SendMessage only
            client.send_message(QueueUrl=f"{client.meta.endpoint_url}/{account}/{name}", MessageBody=body)
        case "sns":
            client.publish(TopicArn=destination_arn, Message=body)
        case "events":
            _put_event(client, destination_arn, message, body)
        case "lambda":
            client.invoke(FunctionName=destination_arn, InvocationType="Event", Payload=body.encode())
        case _:
            supported = ", ".join(sorted(DESTINATION_SERVICES))
            raise DestinationRefused(f"The destination {destination_arn} is not supported locally; {supported} are.")


def timestamp(at: float) -> str:
    """A time as invocation records have it: `2019-11-14T00:38:06.021Z`. `at` is in seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parse(arn: str) -> tuple[str, str, str, str]:
    """Service, region, account, name."""
    parts = arn.split(":", 5)
    if len(parts) != 6:
        raise DestinationRefused(f"The destination {arn!r} is no ARN.")
    return parts[2], parts[3], parts[4], parts[5]


def _client(session: boto3.Session, service: str, region: str) -> Any:
    if region in ("", session.region_name):
        return session.client(service)  # type: ignore[call-overload]  # the service is not a literal
    return session.client(service, region_name=region)  # type: ignore[call-overload]


def _put_event(client: Any, bus_arn: str, message: Mapping[str, Any], detail: str) -> None:
    context = message["requestContext"]
    result = _SUCCESS if context["condition"] == _SUCCESS else "Failure"
    entry = {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {result}",
        "Resources": [context["functionArn"], bus_arn],
        "EventBusName": bus_arn,
        "Detail": detail,
    }
    answer = client.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        refused = answer["Entries"][0]
        raise DestinationRefused(f"{bus_arn}: {refused.get('ErrorCode')}: {refused.get('ErrorMessage')}")
