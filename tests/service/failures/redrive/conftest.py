"""An AWS with failure queues of every kind in it, and a Lambda that does what a test says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from service.failures.redrive.errors import StillFailing
from service.failures.redrive.failure_kind import FailureKind
from service.failures.redrive.failure_queue import FailureQueue
from service.failures.redrive.remedy import Aws
from service.failures.redrive.run import Ending, Looked, Mode, Pace, QueueResult, Run

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:cars"
LIVE = f"{FUNCTION}:live"


@dataclass
class FakeFunctions:
    """Remembers what it was called with; answers `answer`, or fails."""

    answer: Any = None
    fails: bool = False
    called: list[tuple[str, Any]] = field(default_factory=list)
    called_later: list[tuple[str, Any]] = field(default_factory=list)

    def call(self, function_arn: str, event: Any) -> Any:
        self.called.append((function_arn, event))
        if self.fails:
            raise StillFailing("It failed again.")
        return self.answer

    def call_later(self, function_arn: str, event: Any) -> None:
        self.called_later.append((function_arn, event))


@pytest.fixture
def functions() -> FakeFunctions:
    return FakeFunctions()


SOURCES: dict[str, str] = {}
"""By the id of a dead letter, the ARN of the queue that it came from: SQS says it, and moto does not."""


def say_source(parsed: dict[str, Any], **_: object) -> None:
    for message in parsed.get("Messages", []):
        if message["MessageId"] in SOURCES:
            message["Attributes"]["DeadLetterQueueSourceArn"] = SOURCES[message["MessageId"]]


WAITED: list[int] = []
"""For how many seconds each request asked SQS to look for messages."""


def ask_only_once(params: dict[str, Any], **_: object) -> None:
    """moto waits in real time, for what only the waiting test itself could send."""
    WAITED.append(params.get("WaitTimeSeconds", 0))
    params["WaitTimeSeconds"] = 0


@pytest.fixture(scope="module")
def clients(no_aws_of_the_user: None) -> Aws:
    """Made once: to make clients takes longer than most tests."""
    sqs = boto3.client("sqs")
    sqs.meta.events.register("provide-client-params.sqs.ReceiveMessage", ask_only_once)
    sqs.meta.events.register("after-call.sqs.ReceiveMessage", say_source)
    return Aws(
        functions=FakeFunctions(),
        sqs=sqs,
        sns=boto3.client("sns"),
        kinesis=boto3.client("kinesis"),
        dynamodb_streams=boto3.client("dynamodbstreams"),
        sts=boto3.client("sts"),
    )


@pytest.fixture
def aws(clients: Aws, functions: FakeFunctions) -> Iterator[Aws]:
    """An empty one."""
    with mock_aws():
        yield replace(clients, functions=functions)


@dataclass(frozen=True)
class Failures:
    """A failure queue, from outside."""

    aws: Aws
    queue: FailureQueue

    @property
    def arn(self) -> str:
        answer = self.aws.sqs.get_queue_attributes(QueueUrl=self.queue.url, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]

    def add(self, body: str, **attributes: str) -> str:
        """Answers the message's id."""
        typed: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        sent = self.aws.sqs.send_message(QueueUrl=self.queue.url, MessageBody=body, MessageAttributes=typed)
        return sent["MessageId"]

    def counts(self) -> tuple[int, int]:
        """How many messages can be received, and how many are hidden."""
        attributes = self.aws.sqs.get_queue_attributes(QueueUrl=self.queue.url, AttributeNames=["All"])["Attributes"]
        visible = int(attributes["ApproximateNumberOfMessages"])
        return visible, int(attributes["ApproximateNumberOfMessagesNotVisible"])


def failures(aws: Aws, kind: FailureKind | None, *, unit: str = "unit", name: str = "Failed") -> Failures:
    url = aws.sqs.create_queue(QueueName=f"{unit}-{name}")["QueueUrl"]
    return Failures(aws, FailureQueue(unit=unit, name=name, kind=kind, url=url, holds="What failed"))


@dataclass
class Seen:
    """A queue's result, with all that was looked at, which the run itself does not keep."""

    result: QueueResult
    looked: list[Looked]

    @property
    def depth(self) -> int:
        return self.result.depth

    @property
    def later(self) -> int:
        return self.result.later

    def count(self, ending: Ending) -> int:
        return self.result.count(ending)


def go_through(
    aws: Aws, *queues: Failures, mode: Mode = Mode.REDRIVE, maximum: int | None = None, rate: float = 1e6
) -> list[Seen]:
    looked_at: dict[FailureQueue, list[Looked]] = {found.queue: [] for found in queues}

    def on_message(result: QueueResult, looked: Looked) -> None:
        looked_at[result.queue].append(looked)
        assert result.looked_at == len(looked_at[result.queue])

    run = Run(
        aws=aws,
        mode=mode,
        maximum=maximum,
        pace=Pace(rate),
        on_message=on_message,
        on_step=lambda _: None,
        wait_seconds=0,
    )
    return [Seen(result, looked_at[result.queue]) for result in run.go_through([found.queue for found in queues])]


def invocation_record(**more: Any) -> str:
    """What Lambda sends to a failure destination, of a call of version 7."""
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": "2026-11-25T00:00:00.000Z",
            "requestContext": {
                "requestId": "request-1",
                "functionArn": f"{FUNCTION}:7",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "7", "functionError": "Unhandled"},
            **more,
        }
    )
