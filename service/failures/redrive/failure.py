"""Messages of failure queues, read: what failed, and why, in the words of whoever sent them here.

It must not look anything up. `what` and `why` say nothing of what the event itself says, which may be somebody's.
Sources: "Capturing records of Lambda asynchronous invocations", "Retain discarded batch records for a Kinesis Data
Streams [DynamoDB] event source", "Using dead-letter queues to process undelivered events in EventBridge", "Amazon SNS
dead-letter queues".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from service.failures.redrive.errors import UnreadableMessage
from service.failures.redrive.failure_kind import FailureKind
from service.failures.redrive.failure_queue import Message
from service.failures.redrive.set_aside import SetAsideChange, SetAsideRecord, set_aside_change, set_aside_record


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message that its consumer failed too often. SQS does not say why: the consumer's log does."""

    message: Message

    @property
    def what(self) -> str:
        correlation_id = self.message.attribute("correlation_id")
        return "a message" if correlation_id is None else f"a message, correlation id {correlation_id}"

    @property
    def why(self) -> str:
        received = self.message.system_attributes.get("ApproximateReceiveCount", "?")
        return f"its consumer failed it; received {received} times, this time included"


@dataclass(frozen=True, kw_only=True)
class UndeliveredNotification:
    """`record` is what the function would have got in `Records` ("Invoking Lambda functions with Amazon SNS")."""

    topic_arn: str
    message_id: str
    record: Mapping[str, Any]
    error: str | None

    @property
    def what(self) -> str:
        return f"notification {self.message_id} of topic {_name(self.topic_arn)}"

    @property
    def why(self) -> str:
        return self.error or "SNS could not hand it to the subscription's endpoint"


@dataclass(frozen=True, kw_only=True)
class UndeliveredEvent:
    target_arn: str
    rule_arn: str
    event_id: str
    event: Mapping[str, Any]
    error: str

    @property
    def what(self) -> str:
        return f"event {self.event_id} of rule {_name(self.rule_arn)}"

    @property
    def why(self) -> str:
        return self.error


@dataclass(frozen=True, kw_only=True)
class FailedCall:
    function_arn: str
    request_id: str
    event: Any
    error: str

    @property
    def what(self) -> str:
        return f"the event of request {self.request_id}"

    @property
    def why(self) -> str:
        return self.error


@dataclass(frozen=True, kw_only=True)
class GivenUpRecords:
    """`first` and `last` are sequence numbers, both included; `count` is how many of the records between were given up.

    Between them are others too, when several batches of one shard are handled at once (ParallelizationFactor).
    """

    function_arn: str
    stream_arn: str
    shard_id: str
    first: str
    last: str
    count: int
    error: str

    @property
    def what(self) -> str:
        return f"{self.count} records of {self.shard_id}, from {self.first} to {self.last}"

    @property
    def why(self) -> str:
        return self.error


Failure = (
    DeadLetter
    | UndeliveredNotification
    | UndeliveredEvent
    | FailedCall
    | GivenUpRecords
    | SetAsideRecord
    | SetAsideChange
)


def read(kind: FailureKind, message: Message) -> Failure:
    """The failure that a message of a queue of this kind tells of. Raises UnreadableMessage, naming what is wrong."""
    try:
        return _READERS[kind](message)
    except ValidationError as exc:
        fields = ", ".join(f"{'.'.join(map(str, error['loc'])) or 'body'}: {error['msg']}" for error in exc.errors())
        raise UnreadableMessage(f"It is not what a queue of kind {kind} holds: {fields}.") from exc


_SEQUENCE_NUMBER = r"^\d+$"


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True)


class _RequestContext(_Shape):
    request_id: str
    function_arn: str
    condition: str


class _ResponseContext(_Shape):
    executed_version: str | None = None
    function_error: str | None = None


class _InvocationRecord(_Shape):
    """`response_context` is missing when the function was never called, for its events were too old."""

    request_context: _RequestContext
    response_context: _ResponseContext | None = None

    def error(self, error_type: str | None = None) -> str:
        answer = self.response_context
        if answer is None or answer.function_error is None:
            return self.request_context.condition
        error = f" ({error_type})" if error_type else ""
        return f"{self.request_context.condition}; version {answer.executed_version}: {answer.function_error}{error}"


class _AsynchronousRecord(_InvocationRecord):
    request_payload: Any
    response_payload: Any = None


class _BatchInfo(_Shape):
    shard_id: str
    start_sequence_number: str = Field(pattern=_SEQUENCE_NUMBER)
    end_sequence_number: str = Field(pattern=_SEQUENCE_NUMBER)
    batch_size: int
    stream_arn: str


class _StreamRecord(_InvocationRecord):
    kinesis: _BatchInfo | None = Field(default=None, alias="KinesisBatchInfo")
    dynamodb: _BatchInfo | None = Field(default=None, alias="DDBStreamBatchInfo")


class _Notification(BaseModel):
    type: str = Field(alias="Type", pattern="^Notification$")
    topic_arn: str = Field(alias="TopicArn")
    message_id: str = Field(alias="MessageId")
    message: str = Field(alias="Message")


def _dead_letter(message: Message) -> DeadLetter:
    return DeadLetter(message=message)


def _undelivered_notification(message: Message) -> UndeliveredNotification:
    notification = _Notification.model_validate_json(message.body)
    return UndeliveredNotification(
        topic_arn=notification.topic_arn,
        message_id=notification.message_id,
        record=_as_lambda_gets_it(json.loads(message.body)),
        error=message.attribute("ErrorMessage") or message.attribute("ERROR_MESSAGE"),
    )


def _as_lambda_gets_it(notification: Mapping[str, Any]) -> dict[str, Any]:
    """SNS spells two names otherwise in Lambda's events, and there every one of its fields is present."""
    names = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    return {
        "Subject": None,
        "MessageAttributes": {},
        **{names.get(name, name): value for name, value in notification.items()},
    }


def _undelivered_event(message: Message) -> UndeliveredEvent:
    target_arn, rule_arn = message.attribute("TARGET_ARN"), message.attribute("RULE_ARN")
    if target_arn is None or rule_arn is None:
        raise UnreadableMessage("It lacks EventBridge's attributes RULE_ARN and TARGET_ARN.")
    try:
        event = json.loads(message.body)
    except ValueError as exc:
        raise UnreadableMessage("Its body is not JSON, and an event is.") from exc
    if not isinstance(event, dict):
        raise UnreadableMessage("Its body is not a JSON object, and an event is.")
    error = [message.attribute(name) for name in ("ERROR_CODE", "ERROR_MESSAGE", "EXHAUSTED_RETRY_CONDITION")]
    return UndeliveredEvent(
        target_arn=target_arn,
        rule_arn=rule_arn,
        event_id=str(event.get("id", "?")),
        event=event,
        error="; ".join(part for part in error if part) or "EventBridge gave no reason",
    )


def _failed_call(message: Message) -> FailedCall:
    record = _AsynchronousRecord.model_validate_json(message.body)
    answer = record.response_payload
    return FailedCall(
        function_arn=record.request_context.function_arn,
        request_id=record.request_context.request_id,
        event=record.request_payload,
        error=record.error(answer.get("errorType") if isinstance(answer, dict) else None),
    )


def _given_up_records(message: Message) -> GivenUpRecords:
    record = _StreamRecord.model_validate_json(message.body)
    batch = record.kinesis or record.dynamodb
    if batch is None:
        raise UnreadableMessage("It has neither KinesisBatchInfo nor DDBStreamBatchInfo: it names no records.")
    return GivenUpRecords(
        function_arn=record.request_context.function_arn,
        stream_arn=batch.stream_arn,
        shard_id=batch.shard_id,
        first=batch.start_sequence_number,
        last=batch.end_sequence_number,
        count=batch.batch_size,
        error=record.error(),
    )


_READERS: Mapping[FailureKind, Callable[[Message], Failure]] = {
    FailureKind.QUEUE: _dead_letter,
    FailureKind.SUBSCRIPTION: _undelivered_notification,
    FailureKind.RULE: _undelivered_event,
    FailureKind.FUNCTION: _failed_call,
    FailureKind.STREAM: _given_up_records,
    FailureKind.RECORD: set_aside_record,
    FailureKind.CHANGE: set_aside_change,
}


def _name(arn: str) -> str:
    """What stands after the last colon or slash."""
    return arn.rpartition(":")[2].rpartition("/")[2]
