"""Finds a stage's failure queues, and takes messages from one in such a way that none is ever lost.

It must not know what a message means.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from service.failures.redrive.errors import NotFound
from service.failures.redrive.failure_kind import OUTPUT_SUFFIX, FailureKind, parse_output_id

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

BATCH = 10
"""The most messages that one request of SQS takes."""

LONGEST_HIDDEN_SECONDS = 12 * 60 * 60
"""SQS hides a message for no longer."""

HIDDEN_AT_MOST = 100_000
"""SQS hides about 120,000 messages of a queue at a time ("Amazon SQS message quotas", in flight).

To whoever waits for more it then answers none, as if there were none.
"""

FRESH_SECONDS = 20
"""A message that was received so long ago is hidden anew before it is looked at."""

_NOT_HIDDEN = ("MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue")

WAIT_SECONDS = 1
"""Long enough for SQS to ask all of its servers: an empty answer then means an empty queue ("long polling")."""


@dataclass(frozen=True, kw_only=True)
class FailureQueue:
    """A queue that a stack's output names. `kind` is None when this version knows no such kind."""

    unit: str
    name: str
    kind: FailureKind | None
    url: str
    holds: str

    def __str__(self) -> str:
        return f"{self.unit} {self.name}"


def find_queues(
    cloudformation: CloudFormationClient, *, stage: str, unit: str | None = None, name: str | None = None
) -> list[FailureQueue]:
    """The failure queues of a stage ("prod"), of one unit or of one name. Raises NotFound when there is none.

    The units are the stage's stacks: `Prod-Changes` is unit `changes`.
    """
    queues = list(_queues_of_stage(cloudformation, prefix=f"{stage.capitalize()}-"))
    if not queues:
        raise NotFound(
            f"No stack {stage.capitalize()}-* with a failure queue in region {cloudformation.meta.region_name} of the "
            "account that you are signed in to: `aws sts get-caller-identity` shows which; is it the stage's own?"
        )
    chosen = [found for found in queues if unit in (None, found.unit) and name in (None, found.name)]
    if not chosen:
        raise NotFound(f"There is no such queue in {stage}. There are: {', '.join(str(found) for found in queues)}.")
    return chosen


def _queues_of_stage(cloudformation: CloudFormationClient, *, prefix: str) -> Iterator[FailureQueue]:
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if not stack["StackName"].startswith(prefix):
                continue
            for output in stack.get("Outputs", []):
                key = output.get("OutputKey", "")
                if not key.endswith(OUTPUT_SUFFIX):
                    continue
                name, kind = parse_output_id(key) or (key.removesuffix(OUTPUT_SUFFIX), None)
                yield FailureQueue(
                    unit=stack["StackName"].removeprefix(prefix).lower(),
                    name=name,
                    kind=kind,
                    url=output.get("OutputValue", ""),
                    holds=output.get("Description", ""),
                )


@dataclass(frozen=True, kw_only=True)
class Message:
    """`sent_at` is when it was first sent; SQS keeps that when it moves a message to a dead-letter queue."""

    message_id: str
    body: str
    sent_at: datetime
    receipt_handle: str
    attributes: dict[str, MessageAttributeValueOutputTypeDef] = field(default_factory=dict)
    system_attributes: dict[str, str] = field(default_factory=dict)

    def attribute(self, name: str) -> str | None:
        """The string value of a message attribute, None when there is none."""
        return self.attributes[name].get("StringValue") if name in self.attributes else None


class Inbox:
    """Messages of one queue, each hidden from everyone else while we look at it, and given back unless deleted.

    Who is killed gives nothing back: then SQS does, when `hidden_seconds` are over. Where looking at a queue takes
    longer than that, they grow with it: else the first messages would come again before the last had come.
    """

    def __init__(
        self,
        sqs: SQSClient,
        url: str,
        *,
        hidden_seconds: int,
        wait_seconds: int = WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sqs = sqs
        self._url = url
        self._hidden_seconds = hidden_seconds
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._held: dict[str, str] = {}
        self._seen: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Whether SQS may hide no more messages: what it answers then does not mean an empty queue."""
        return len(self._held) > HIDDEN_AT_MOST - BATCH

    def depth(self) -> int:
        """About how many messages wait: SQS itself does not know better."""
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def messages(self) -> Iterator[Message]:
        """Each message once, until none is left that this inbox has not seen, or it is full."""
        began = self._clock()
        while not self.is_full:
            received_at = self._clock()
            batch = self._receive()
            if not batch:
                return
            for message in batch:  # all of them are held before the first is looked at: any may be the last one
                self._held[message.message_id] = message.receipt_handle
            for message in batch:
                if message.message_id in self._seen:
                    needed = math.ceil(2 * (self._clock() - began))
                    self._hidden_seconds = min(max(self._hidden_seconds, needed), LONGEST_HIDDEN_SECONDS)
                elif self._is_ours(message, received_at):
                    self._seen.add(message.message_id)
                    yield message

    def _receive(self) -> list[Message]:
        received = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=self._hidden_seconds,
            WaitTimeSeconds=self._wait_seconds,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return [_message(found) for found in received.get("Messages", [])]

    def _is_ours(self, message: Message, received_at: float) -> bool:
        """Whether the message is hidden for as long as it may take from now on, after those received with it took long.

        Where it was hidden for too short a time, it is somebody else's now, or comes again: it is not looked at.
        """
        age = self._clock() - received_at
        if age < FRESH_SECONDS:
            return True
        hidden_seconds = min(self._hidden_seconds, max(0, LONGEST_HIDDEN_SECONDS - math.ceil(age)))
        try:
            self._sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=message.receipt_handle, VisibilityTimeout=hidden_seconds
            )
        except ClientError as exc:
            if exc.response["Error"]["Code"].rpartition(".")[2] not in _NOT_HIDDEN:
                raise
            del self._held[message.message_id]
            return False
        return True

    def delete(self, message: Message) -> None:
        """After it was handled, and never before."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=self._held[message.message_id])
        del self._held[message.message_id]

    def give_back(self) -> None:
        """Everything that was not deleted can be received again at once."""
        held = list(self._held.values())
        for start in range(0, len(held), BATCH):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                    for number, handle in enumerate(held[start : start + BATCH])
                ],
            )
        self._held.clear()


def _message(received: MessageTypeDef) -> Message:
    system_attributes = {str(name): value for name, value in received.get("Attributes", {}).items()}
    return Message(
        message_id=received["MessageId"],
        body=received["Body"],
        sent_at=datetime.fromtimestamp(int(system_attributes["SentTimestamp"]) / 1000, UTC),
        receipt_handle=received["ReceiptHandle"],
        attributes=received.get("MessageAttributes", {}),
        system_attributes=system_attributes,
    )
