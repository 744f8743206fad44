from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from service.failures.redrive import failure_queue
from service.failures.redrive.errors import NotFound
from service.failures.redrive.failure_kind import FailureKind
from service.failures.redrive.failure_queue import Inbox, Message, find_queues
from service.failures.redrive.remedy import Aws
from tests.service.failures.redrive.conftest import failures


def stack(name: str, **outputs: str) -> dict[str, Any]:
    return {
        "StackName": name,
        "CreationTime": "2026-11-25T00:00:00Z",
        "StackStatus": "UPDATE_COMPLETE",
        "Outputs": [
            {"OutputKey": key, "OutputValue": value, "Description": f"About {value}"} for key, value in outputs.items()
        ],
    }


PAGES = [
    [
        stack("Prod-Changes", UndeliveredStreamFailuresUrl="https://sqs/undelivered", BusName="cars"),
        stack("Staging-Changes", UndeliveredStreamFailuresUrl="https://sqs/of-staging"),
    ],
    [
        stack("Prod-Database"),
        stack(
            "Prod-Telemetry", UnreadableRecordFailuresUrl="https://sqs/set-aside", NewMagicFailuresUrl="https://sqs/n"
        ),
    ],
]


def found(**options: Any) -> list[tuple[str, str, FailureKind | None, str]]:
    client = boto3.client("cloudformation")
    with Stubber(client) as stubber:
        stubber.add_response("describe_stacks", {"Stacks": PAGES[0], "NextToken": "more"}, {})
        stubber.add_response("describe_stacks", {"Stacks": PAGES[1]}, {"NextToken": "more"})
        queues = find_queues(client, **options)
    return [(queue.unit, queue.name, queue.kind, queue.url) for queue in queues]


UNDELIVERED = ("changes", "Undelivered", FailureKind.STREAM, "https://sqs/undelivered")
UNREADABLE = ("telemetry", "Unreadable", FailureKind.RECORD, "https://sqs/set-aside")
UNKNOWN = ("telemetry", "NewMagic", None, "https://sqs/n")


def test_queues_of_a_stage_are_found_in_its_stacks_outputs_and_an_unknown_kind_is_not_passed_over() -> None:
    assert found(stage="prod") == [UNDELIVERED, UNREADABLE, UNKNOWN]


@pytest.mark.parametrize(
    ("chosen", "expected"), [({"unit": "changes"}, [UNDELIVERED]), ({"name": "Unreadable"}, [UNREADABLE])]
)
def test_one_unit_or_one_queue_can_be_chosen(chosen: dict[str, str], expected: list[Any]) -> None:
    assert found(stage="prod", **chosen) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"stage": "prod", "unit": "chnages"},
            "no such queue in prod. There are: changes Undelivered, telemetry Unreadable, telemetry NewMagic",
        ),
        ({"stage": "qa"}, r"No stack Qa-\* with a failure queue in region eu-west-1 .* `aws sts get-caller-identity`"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(options: dict[str, str], message: str) -> None:
    with pytest.raises(NotFound, match=message):
        found(**options)


def test_message_of_one_who_was_killed_comes_back_by_itself(aws: Aws) -> None:
    # given: nobody gives it back, and nobody deletes it
    queue = failures(aws, FailureKind.FUNCTION)
    queue.add("what")
    next(Inbox(aws.sqs, queue.queue.url, hidden_seconds=1, wait_seconds=0).messages())
    assert queue.counts() == (0, 1)
    # when
    deadline = time.monotonic() + 10
    back: list[Message] = []
    while not back and time.monotonic() < deadline:
        back = list(Inbox(aws.sqs, queue.queue.url, hidden_seconds=60, wait_seconds=0).messages())
    # then
    assert [message.body for message in back] == ["what"]


@dataclass
class SlowQueue:
    """SQS with many messages, oldest first, of which each request takes a while. The time is its own."""

    seconds_of_a_request: float
    visible_at: list[float]
    now: float = 0.0
    requests: int = 0
    renewed: list[str] = field(default_factory=list)

    def receive_message(self, *, VisibilityTimeout: int, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:
        self.now += self.seconds_of_a_request
        self.requests += 1
        assert self.requests < 4 * len(self.visible_at) + 10, "it is read again and again"
        visible = [number for number, at in enumerate(self.visible_at) if at <= self.now][:MaxNumberOfMessages]
        for number in visible:
            self.visible_at[number] = self.now + VisibilityTimeout
        return {
            "Messages": [
                {"MessageId": f"{n}", "ReceiptHandle": f"{n}", "Body": f"{n}", "Attributes": {"SentTimestamp": "0"}}
                for n in visible
            ]
        }

    def change_message_visibility(self, *, ReceiptHandle: str, VisibilityTimeout: int, **_: Any) -> None:
        if self.visible_at[int(ReceiptHandle)] <= self.now:
            raise ClientError({"Error": {"Code": "MessageNotInflight", "Message": ""}}, "ChangeMessageVisibility")
        self.renewed.append(ReceiptHandle)
        self.visible_at[int(ReceiptHandle)] = self.now + VisibilityTimeout


def inbox_of(queue: SlowQueue, *, hidden_seconds: int = 60) -> Inbox:
    return Inbox(cast(Any, queue), "url", hidden_seconds=hidden_seconds, clock=lambda: queue.now)


@pytest.mark.parametrize("count", [100, 3_200, 8_000])
@pytest.mark.parametrize("seconds_of_a_message", [0.0, 0.05, 1.0], ids="{} s each".format)
def test_queue_of_any_size_comes_to_an_end_however_long_it_takes(count: int, seconds_of_a_message: float) -> None:
    queue = SlowQueue(0.2, [0.0] * count)

    seen = []
    for message in inbox_of(queue).messages():
        queue.now += seconds_of_a_message
        seen.append(message.body)

    assert sorted(seen, key=int) == [f"{number}" for number in range(count)]


def test_messages_are_asked_for_by_ten() -> None:
    queue = SlowQueue(0.02, [0.0] * 95)

    seen = list(inbox_of(queue).messages())

    assert len(seen) == 95
    assert queue.requests == 10 + 1  # the last one finds none


def test_message_that_waits_behind_slow_ones_is_hidden_anew_before_it_is_looked_at() -> None:
    queue = SlowQueue(0.1, [0.0] * 3)
    messages = inbox_of(queue, hidden_seconds=60).messages()

    for number in range(3):
        assert next(messages).body == f"{number}"
        assert queue.visible_at[number] - queue.now > 60 - 20
        queue.now += 25

    assert queue.renewed == ["1", "2"]


def test_message_that_has_become_visible_meanwhile_is_received_again_and_looked_at_once() -> None:
    queue = SlowQueue(0.1, [0.0] * 3)
    seen = []

    for message in inbox_of(queue, hidden_seconds=60).messages():
        seen.append(message.body)
        queue.now += 70 if len(seen) == 1 else 0

    assert sorted(seen) == ["0", "1", "2"]


def test_refusal_to_hide_a_message_anew_is_no_message_that_became_visible() -> None:
    class Refuses(SlowQueue):
        def change_message_visibility(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "ChangeMessageVisibility")

    queue = Refuses(0.1, [0.0] * 2)
    messages = inbox_of(queue, hidden_seconds=60).messages()
    next(messages)
    queue.now += 25

    with pytest.raises(ClientError, match="AccessDenied"):
        next(messages)


def test_reading_ends_before_sqs_hides_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond that it answers none, which must not be taken for an empty queue."""
    monkeypatch.setattr(failure_queue, "HIDDEN_AT_MOST", 30)
    inbox = inbox_of(SlowQueue(0.1, [0.0] * 35))

    seen = list(inbox.messages())

    assert len(seen) == 30
    assert inbox.is_full


def test_each_message_is_seen_once_even_when_it_comes_back_meanwhile(aws: Aws) -> None:
    queue = failures(aws, FailureKind.FUNCTION)
    for number in range(3):
        queue.add(f"{number}")
    inbox = Inbox(aws.sqs, queue.queue.url, hidden_seconds=60, wait_seconds=0)

    bodies = []
    for message in inbox.messages():
        bodies.append(message.body)
        if len(bodies) < 3:
            inbox.give_back()
    inbox.give_back()

    assert sorted(bodies) == ["0", "1", "2"]
    assert queue.counts() == (3, 0)
