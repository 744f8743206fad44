"""What would handle a failure again: looked up without changing anything, so that a dry run can say it, then done.

Asynchronous failures are handed to Lambda's own queue, and have its retries and their failure destination once more.
Records of a stream are given to the function while we wait, for nobody else would tell us that they failed again.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, assert_never

from service.cars.set_aside import IS_REDRIVE
from service.failures.redrive.errors import NoWayBack, RecordCutOff, RecordsLost, UnreadableMessage
from service.failures.redrive.failure import (
    DeadLetter,
    FailedCall,
    Failure,
    GivenUpRecords,
    UndeliveredEvent,
    UndeliveredNotification,
)
from service.failures.redrive.failure_queue import FailureQueue, Message
from service.failures.redrive.functions import Functions, live_alias, require_success, short_name
from service.failures.redrive.set_aside import SetAsideChange, SetAsideRecord
from service.failures.redrive.stream_records import FoundRecords, dynamodb_records, kinesis_records

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

RECORDS_A_CALL = 100
BYTES_A_CALL = 5_000_000
"""Below the 6 MB that a function takes: the records of several batches may stand between the first and the last one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Aws:
    """The services that remedies look things up in, and act on: one account and region."""

    functions: Functions
    sqs: SQSClient
    sns: SNSClient
    kinesis: KinesisClient
    dynamodb_streams: DynamoDBStreamsClient
    sts: STSClient


class Remedy(Protocol):
    """`str` says what it does, for people."""

    def carry_out(self, aws: Aws) -> None:
        """Handles the failure again. Raises MessageStays when that did not succeed."""


@dataclass(frozen=True, kw_only=True)
class SendBack:
    queue_url: str
    message: Message

    def __str__(self) -> str:
        return f"sent back to queue {self.queue_url.rpartition('/')[2]}"

    def carry_out(self, aws: Aws) -> None:
        trace_header = self.message.system_attributes.get("AWSTraceHeader")
        aws.sqs.send_message(
            QueueUrl=self.queue_url,
            MessageBody=self.message.body,
            MessageAttributes=self.message.attributes,
            MessageSystemAttributes=(
                {"AWSTraceHeader": {"DataType": "String", "StringValue": trace_header}} if trace_header else {}
            ),
        )


@dataclass(frozen=True, kw_only=True)
class CallLater:
    function_arn: str
    event: Any

    def __str__(self) -> str:
        return f"handed to Lambda for {short_name(self.function_arn)}"

    def carry_out(self, aws: Aws) -> None:
        aws.functions.call_later(self.function_arn, self.event)


@dataclass(frozen=True, kw_only=True)
class Publish:
    topic_arn: str
    event: Mapping[str, Any]

    def __str__(self) -> str:
        return f"published to topic {self.topic_arn.rpartition(':')[2]}"

    def carry_out(self, aws: Aws) -> None:
        aws.sns.publish(TopicArn=self.topic_arn, Message=json.dumps(self.event))


@dataclass(frozen=True, kw_only=True)
class PutAgain:
    record: SetAsideRecord

    def __str__(self) -> str:
        return f"put again into stream {self.record.stream_arn.rpartition('/')[2]}"

    def carry_out(self, aws: Aws) -> None:
        aws.kinesis.put_record(
            StreamARN=self.record.stream_arn, Data=self.record.data, PartitionKey=self.record.partition_key
        )


@dataclass(frozen=True, kw_only=True)
class CallWithChange:
    """Nobody can put a record into a table's stream: the function gets it from us, and says whether it can read it."""

    function_arn: str
    change: SetAsideChange

    def __str__(self) -> str:
        return f"record given to {short_name(self.function_arn)}"

    def carry_out(self, aws: Aws) -> None:
        event = {"Records": [self.change.record], IS_REDRIVE: True}
        require_success(aws.functions.call(self.function_arn, event))


@dataclass(frozen=True, kw_only=True)
class CallWithRecords:
    """Calls the function with the records that were found, in order, up to the first that fails."""

    function_arn: str
    given_up: GivenUpRecords
    found: FoundRecords

    def __str__(self) -> str:
        text = f"{len(self.found.records)} records given to {short_name(self.function_arn)}"
        lost = self._lost()
        return text if lost is None else f"{text}; {lost}"

    def carry_out(self, aws: Aws) -> None:
        for records in _calls(self.found.records):
            require_success(aws.functions.call(self.function_arn, {"Records": records}))
        lost = self._lost()
        if lost is not None:
            raise RecordsLost(f"{len(self.found.records)} records were handled; {lost}")

    def _lost(self) -> str | None:
        """Which records have left the stream, None when none has."""
        if self.found.begins and self.found.ends:
            return None
        given_up = self.given_up
        if not self.found.records:
            return f"all from {given_up.first} to {given_up.last} have left the stream: they are lost"
        first, last = (_sequence_number(self.found.records[place]) for place in (0, -1))
        gone = [] if self.found.begins else [f"from {given_up.first} to before {first}"]
        gone += [] if self.found.ends else [f"from after {last} to {given_up.last}"]
        return f"those {' and '.join(gone)} have left the stream: they are lost"


def remedy_of(failure: Failure, queue: FailureQueue, aws: Aws) -> Remedy:
    """What handles a failure of this queue again; changes nothing. Raises MessageStays when nothing can."""
    match failure:
        case DeadLetter():
            return SendBack(queue_url=_source_queue(aws, failure.message, queue), message=failure.message)
        case UndeliveredNotification():
            subscription_arn, function_arn = _subscription(aws, failure.topic_arn, queue)
            record = {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription_arn,
                "Sns": failure.record,
            }
            return CallLater(function_arn=_alias(function_arn), event={"Records": [record]})
        case UndeliveredEvent():
            return _to_target(failure)
        case FailedCall():
            return CallLater(function_arn=_alias(failure.function_arn), event=failure.event)
        case GivenUpRecords():
            remedy = CallWithRecords(
                function_arn=_alias(failure.function_arn), given_up=failure, found=_find_records(failure, aws)
            )
            if not remedy.found.records:
                raise RecordsLost(str(remedy))
            return remedy
        case SetAsideRecord():
            if failure.is_cut_off:
                raise RecordCutOff(
                    f"Only its first {len(failure.data)} bytes are here: it is not put again. The stream has all of it "
                    "for a day after it came. docs/runbook/redrive.md, 'A record that was cut off', says what to do."
                )
            return PutAgain(record=failure)
        case SetAsideChange():
            if failure.is_cut_off:
                raise RecordCutOff(
                    "Its images are too long to be here: the function is not called with it. The item itself is in the "
                    "table. docs/runbook/redrive.md, 'A record that was cut off', says what to do."
                )
            return CallWithChange(function_arn=_alias(failure.function_arn), change=failure)
        case _:
            assert_never(failure)


def _alias(function_arn: str) -> str:
    try:
        return live_alias(function_arn)
    except ValueError as exc:
        raise UnreadableMessage(str(exc)) from exc


def _source_queue(aws: Aws, message: Message, queue: FailureQueue) -> str:
    """Where SQS says that it took the message from ("ReceiveMessage", DeadLetterQueueSourceArn)."""
    source_arn = message.system_attributes.get("DeadLetterQueueSourceArn")
    if source_arn is None:
        raise NoWayBack(f"It is a dead letter of no queue: somebody sent it to {queue} itself.")
    return _queue_url(aws, source_arn)


@functools.lru_cache(maxsize=32)
def _queue_url(aws: Aws, arn: str) -> str:
    return aws.sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]


@functools.lru_cache(maxsize=32)
def _subscription(aws: Aws, topic_arn: str, queue: FailureQueue) -> tuple[str, str]:
    """ARN and endpoint of the subscription whose dead letters these are."""
    attributes = aws.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["QueueArn"])["Attributes"]
    for page in aws.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn):
        for subscription in page["Subscriptions"]:
            if subscription.get("Protocol") != "lambda":
                continue
            arn = subscription.get("SubscriptionArn", "")
            found = aws.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
            policy = json.loads(found.get("RedrivePolicy", "{}"))
            if policy.get("deadLetterTargetArn") == attributes["QueueArn"]:
                return arn, subscription.get("Endpoint", "")
    raise NoWayBack(f"Topic {topic_arn} has no subscription of a function with {queue} as its dead-letter queue.")


def _to_target(failure: UndeliveredEvent) -> Remedy:
    """The target gets the event as the rule sends it: `failure_paths.py` refuses rules that transform it."""
    service = failure.target_arn.split(":")[2:3]
    match service:
        case ["lambda"]:
            return CallLater(function_arn=_alias(failure.target_arn), event=failure.event)
        case ["sns"]:
            return Publish(topic_arn=failure.target_arn, event=failure.event)
        case _:
            raise NoWayBack(f"The rule's target is {failure.target_arn}, and only functions and topics can be sent to.")


def _find_records(given_up: GivenUpRecords, aws: Aws) -> FoundRecords:
    service = given_up.stream_arn.split(":")[2:3]
    match service:
        case ["kinesis"]:
            return kinesis_records(aws.kinesis, given_up, invoked_by=_caller(aws))
        case ["dynamodb"]:
            return dynamodb_records(aws.dynamodb_streams, given_up)
        case _:
            raise UnreadableMessage(f"{given_up.stream_arn!r} is the ARN of no stream of Kinesis or DynamoDB.")


@functools.lru_cache(maxsize=1)
def _caller(aws: Aws) -> str:
    return aws.sts.get_caller_identity()["Arn"]


def _calls(records: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The records in order, in portions that a function takes."""
    portion: list[Mapping[str, Any]] = []
    size = 0
    for record in records:
        length = len(json.dumps(record))
        if portion and (len(portion) == RECORDS_A_CALL or size + length > BYTES_A_CALL):
            yield portion
            portion, size = [], 0
        portion.append(record)
        size += length
    if portion:
        yield portion


def _sequence_number(record: Mapping[str, Any]) -> str:
    if "kinesis" in record:
        return str(record["kinesis"]["sequenceNumber"])
    return str(record["dynamodb"]["SequenceNumber"])
