"""SQS queues, from a real MiniStack to functions that run."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest

from rehearsal.aws.resource import ResourceFailed
from rehearsal.machine.unix_socket import UnixConnection
from tests.rehearsal.aws.event_sources.polled_aws import PolledAws
from tests.rehearsal.aws.lambda_host.local_aws import ACCOUNT, REGION

PARTIAL = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
# Notes how many run at once: each invocation appends the number of those that began and did not end.
COUNTING = """
import json, os, time

def handle(event, context):
    path = os.environ["JOURNAL"]
    with open(path, "a") as journal:
        journal.write("+\\n")
    time.sleep(0.2)
    with open(path, "a") as journal:
        journal.write("-\\n")
"""


def send(aws: PolledAws, url: str, *bodies: str) -> None:
    entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
    aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)


def depth(aws: PolledAws, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def test_messages_reach_the_function_as_lambda_hands_them_over_and_leave_the_queue(aws: PolledAws) -> None:
    consumer = aws.consumer("messages")
    url, arn = aws.queue("messages", VisibilityTimeout="60")
    aws.map(arn, consumer)

    aws.client("sqs").send_message(
        QueueUrl=url,
        MessageBody="hello",
        MessageAttributes={
            "kind": {"DataType": "String", "StringValue": "repair"},
            "blob": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )

    (invocation,) = aws.eventually(lambda: consumer.invocations)
    (record,) = invocation["event"]["Records"]
    attributes = record.pop("attributes")
    assert attributes["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(attributes)
    assert record.pop("messageId")
    assert record.pop("receiptHandle")
    assert record.pop("md5OfMessageAttributes")
    empty: dict[str, list[str]] = {"stringListValues": [], "binaryListValues": []}
    assert record == {
        "body": "hello",
        "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "messageAttributes": {
            "kind": {**empty, "dataType": "String", "stringValue": "repair"},
            "blob": {**empty, "dataType": "Binary", "binaryValue": "AAE="},
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }
    aws.eventually(lambda: depth(aws, url) == 0)


def test_only_the_failed_message_comes_back_and_at_last_the_queue_sets_it_aside(aws: PolledAws) -> None:
    consumer = aws.consumer("partial", reports=True)
    dead_url, dead_arn = aws.queue("partial-dead")
    redrive = f'{{"deadLetterTargetArn": "{dead_arn}", "maxReceiveCount": 3}}'
    url, arn = aws.queue("partial", VisibilityTimeout="300", RedrivePolicy=redrive)
    send(aws, url, "a", "poison", "b")
    began, wall = aws.cloud.clock.now(), time.monotonic()

    aws.map(arn, consumer, **PARTIAL)

    aws.eventually(lambda: depth(aws, dead_url) == 1)
    first, *rest = consumer.batches
    assert sorted(first) == ["a", "b", "poison"]
    assert rest == [["poison"], ["poison"]]
    assert depth(aws, url) == 0
    assert aws.cloud.clock.now() - began >= 3 * 300  # each time a visibility timeout of the run's clock
    assert time.monotonic() - wall < 15
    dead = {"QueueName": "partial-dead"}
    assert aws.eventually(lambda: 1.0 in aws.metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", **dead))
    ages = aws.eventually(lambda: [a for a in aws.metric("AWS/SQS", "ApproximateAgeOfOldestMessage", **dead) if a > 60])
    assert ages


def test_a_function_error_brings_the_whole_batch_back(aws: PolledAws) -> None:
    consumer = aws.consumer("failing")
    url, arn = aws.queue("failing", VisibilityTimeout="60")
    send(aws, url, "a", "poison")

    aws.map(arn, consumer, **PARTIAL)

    aws.eventually(lambda: len(consumer.batches) >= 2)
    assert [sorted(batch) for batch in consumer.batches[:2]] == [["a", "poison"]] * 2


def test_a_function_killed_in_the_middle_of_a_batch_loses_no_message(aws: PolledAws) -> None:
    consumer = aws.consumer("queue-killed")
    url, arn = aws.queue("queue-killed", VisibilityTimeout="60")
    send(aws, url, "a", "kill", "b")

    aws.map(arn, consumer)

    aws.eventually(lambda: len(consumer.batches) == 2)
    assert [sorted(batch) for batch in consumer.batches] == [["a", "b", "kill"]] * 2
    aws.eventually(lambda: depth(aws, url) == 0)


def test_no_more_batches_run_at_once_than_the_maximum_concurrency(aws: PolledAws) -> None:
    consumer = aws.consumer("concurrent")
    journal = aws.home / "concurrent.jsonl"
    aws.local.publish("concurrent", COUNTING)
    aws.client("lambda").update_alias(FunctionName="concurrent", Name="live", FunctionVersion="2")
    url, arn = aws.queue("concurrent", VisibilityTimeout="60")
    send(aws, url, *(str(number) for number in range(8)))

    aws.map(arn, consumer, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})

    aws.eventually(lambda: journal.exists() and journal.read_text().count("-") == 8)
    running, most = 0, 0
    for sign in journal.read_text().split():
        running += 1 if sign == "+" else -1
        most = max(most, running)
    assert most == 2


def test_a_batching_window_gathers_more_than_one_receive_brings(aws: PolledAws) -> None:
    consumer = aws.consumer("window")
    url, arn = aws.queue("window", VisibilityTimeout="3000")
    aws.map(arn, consumer, BatchSize=30, MaximumBatchingWindowInSeconds=300)

    for start in range(0, 30, 10):
        send(aws, url, *(str(number) for number in range(start, start + 10)))

    aws.eventually(lambda: len(consumer.bodies) == 30)
    assert [len(batch) for batch in consumer.batches] == [30]


def test_a_message_that_nobody_announced_is_found(aws: PolledAws) -> None:
    """One that the emulator puts there itself, as it does for a rule or a topic: here by way of its own port."""
    consumer = aws.consumer("unannounced")
    _, arn = aws.queue("unannounced", VisibilityTimeout="60")
    aws.map(arn, consumer)
    message = json.dumps({"QueueUrl": f"http://localhost/{ACCOUNT}/unannounced", "MessageBody": "a"})
    scope = f"{ACCOUNT}/20261123/{REGION}/sqs/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "AmazonSQS.SendMessage",
    }

    with closing(UnixConnection(aws.cloud.emulator_socket, timeout=10)) as beside_the_edge:
        beside_the_edge.request("POST", "/", message, headers)
        assert beside_the_edge.getresponse().status == 200

    aws.eventually(lambda: consumer.bodies == ["a"])


def test_a_role_that_may_not_receive_fails_the_resource(aws: PolledAws) -> None:
    sending = {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes"], "Resource": "*"}
    consumer = aws.consumer("unread", role=aws.local.role("unread-role", sending))
    _, arn = aws.queue("unread", VisibilityTimeout="60")

    with pytest.raises(ResourceFailed, match="does not have permissions to call ReceiveMessage on SQS"):
        aws.map(arn, consumer)


def test_a_visibility_timeout_shorter_than_the_functions_is_refused(aws: PolledAws) -> None:
    consumer = aws.consumer("short")
    _, arn = aws.queue("short", VisibilityTimeout="5")

    with pytest.raises(ResourceFailed, match="Queue visibility timeout: 5 seconds is less than Function timeout: 10"):
        aws.map(arn, consumer)
