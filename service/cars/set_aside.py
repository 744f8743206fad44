"""Puts records that a function cannot read into a queue, where a person finds them, so that their stream goes on.

It must not know what a record is: the caller writes the messages, as the queue's kind of failure has them
(service/failures/redrive/failure_kind.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SEND_LIMIT = 10
"""The most messages that one SendMessageBatch takes."""

IS_REDRIVE = "is_redrive"
"""True in an event that redrive made of a message: what still cannot be read then stays where it is, in the queue."""


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """`count` messages were sent; `first_missing` is the place of the first that was not, None when all were."""

    count: int
    first_missing: int | None = None
    reason: str | None = None


def set_aside(sqs: SQSClient, queue_url: str, messages: Sequence[str]) -> SetAside:
    """Sends the messages in their order, up to the first request of which one fails."""
    count = 0
    for start in range(0, len(messages), SEND_LIMIT):
        chunk = messages[start : start + SEND_LIMIT]
        try:
            answer = sqs.send_message_batch(
                QueueUrl=queue_url,
                Entries=[
                    {"Id": str(place), "MessageBody": message} for place, message in enumerate(chunk, start=start)
                ],
            )
        except (ClientError, BotoCoreError) as exc:
            return SetAside(count=count, first_missing=start, reason=error_code(exc))
        failed = answer.get("Failed", [])
        count += len(chunk) - len(failed)
        if failed:
            return SetAside(
                count=count, first_missing=min(int(entry["Id"]) for entry in failed), reason=failed[0]["Code"]
            )
    return SetAside(count=count)


def error_code(error: ClientError | BotoCoreError) -> str:
    """What the log says of it: AWS's code, or the name of botocore's error. Their texts may hold values."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
