"""Events of SNS, EventBridge and S3, delivered by the real emulator and tried again by the host."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.lambda_host.function import FunctionArn
from tests.rehearsal.aws.journal import entries
from tests.rehearsal.aws.lambda_host.local_aws import ACCOUNT, REGION, LocalAws, eventually

# Writes down each attempt, then fails as often as the first line of the file says.
COUNTS = """
import json, os, pathlib
def handle(event, context):
    path = pathlib.Path(os.environ["ATTEMPTS"])
    failures = int(path.read_text().splitlines()[0])
    with path.open("a") as file:
        print(json.dumps({"version": context.function_version, "id": context.aws_request_id}), file=file)
    if len(path.read_text().splitlines()) - 1 <= failures:
        if os.environ.get("HOW") == "killed":
            os.kill(os.getpid(), 9)
        raise ValueError("no such car")
    return "done"
"""
ALWAYS = 99
WRITES = {"Effect": "Allow", "Action": ["sqs:SendMessage", "sns:Publish", "events:PutEvents"], "Resource": "*"}
Publish = Callable[[LocalAws, str, str], None]


def by_sns(aws: LocalAws, name: str, target: str) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=target)
    sns.publish(TopicArn=topic, Message="hello")


def by_eventbridge(aws: LocalAws, name: str, target: str) -> None:
    events = aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target}])
    events.put_events(Entries=[{"Source": name, "DetailType": "CarUpdated", "Detail": '{"car": "hello"}'}])


def by_s3(aws: LocalAws, name: str, target: str) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    to = {"LambdaFunctionArn": target, "Events": ["s3:ObjectCreated:*"]}
    aws.client("lambda").add_permission(
        FunctionName=target,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{name}",
        SourceAccount=ACCOUNT,
    )
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"LambdaFunctionConfigurations": [to]}
    )
    s3.put_object(Bucket=name, Key="hello", Body=b"")


SOURCES = {"sns": by_sns, "eventbridge": by_eventbridge, "s3": by_s3}


class Counted:
    """A function with an alias `live`, whose attempts are counted."""

    def __init__(self, aws: LocalAws, name: str, home: Path, failures: int, *statements: Any, **options: Any) -> None:
        self.aws = aws
        self.name = name
        self._attempts = home / "attempts"
        self._attempts.write_text(f"{failures}\n")
        variables = {"ATTEMPTS": str(self._attempts), "HOW": options.pop("how", "raises")}
        role = aws.role(f"{name}-role", *statements)
        self.arn = aws.function(name, COUNTS, role=role, variables=variables, **options)
        self.version = aws.publish(name)
        client = aws.client("lambda")
        self.alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion=self.version)["AliasArn"]
        self.dimensions = {"FunctionName": name, "Resource": f"{name}:live"}

    def configure(self, **settings: Any) -> None:
        client = self.aws.client("lambda")
        client.put_function_event_invoke_config(FunctionName=self.name, Qualifier="live", **settings)

    def attempts(self) -> list[dict[str, str]]:
        return entries(self._attempts)[1:]

    def is_over(self, dropped: float | None = None) -> bool:
        """No event is being worked on, none waits for another attempt, and so many were dropped."""
        pending = {event.function.name for event in self.aws.host.pending_events()}
        return bool(self.attempts()) and self.name not in pending and self.dropped() == dropped

    def dropped(self) -> float | None:
        return self.aws.sink.sum("AsyncEventsDropped", **self.dimensions)


def queue(aws: LocalAws, name: str) -> tuple[str, str]:
    """A new queue's address and ARN."""
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def messages(aws: LocalAws, url: str) -> list[Any]:
    return list(
        aws.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=0)
        .get("Messages", [])
    )


@pytest.mark.parametrize("source", SOURCES)
def test_an_event_that_fails_twice_is_attempted_three_times_and_no_more(
    aws: LocalAws, tmp_path: Path, source: str
) -> None:
    function = Counted(aws, f"twice-{source}", tmp_path, failures=2)

    SOURCES[source](aws, function.name, function.alias)

    eventually(lambda: len(function.attempts()) == 3)
    eventually(function.is_over)
    assert len({attempt["id"] for attempt in function.attempts()}) == 1
    assert len(function.attempts()) == 3
    assert aws.sink.sum("Errors", **function.dimensions) == 2
    assert aws.sink.sum("AsyncEventsReceived", **function.dimensions) == 1
    assert aws.sink.sum("AsyncEventsReceived", FunctionName=function.name) == 1


@pytest.mark.parametrize("source", SOURCES)
def test_an_event_that_always_fails_goes_to_the_on_failure_destination_of_the_alias_once(
    aws: LocalAws, tmp_path: Path, source: str
) -> None:
    function = Counted(aws, f"always-{source}", tmp_path, ALWAYS, WRITES)
    url, arn = queue(aws, f"always-{source}-failed")
    function.configure(DestinationConfig={"OnFailure": {"Destination": arn}})

    SOURCES[source](aws, function.name, function.alias)

    eventually(lambda: messages(aws, url))
    (message,) = messages(aws, url)
    record = json.loads(message["Body"])
    assert record["requestContext"] == {
        "requestId": function.attempts()[0]["id"],
        "functionArn": function.alias,
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert "hello" in json.dumps(record["requestPayload"])
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": function.version,
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorMessage"] == "no such car"
    assert len(function.attempts()) == 3
    assert function.dropped() == 1


def test_an_event_that_is_too_old_is_not_tried_again(aws: LocalAws, tmp_path: Path) -> None:
    function = Counted(aws, "old", tmp_path, ALWAYS, WRITES)
    url, arn = queue(aws, "old-failed")
    function.configure(MaximumEventAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": arn}})

    by_sns(aws, function.name, function.alias)

    eventually(lambda: messages(aws, url))
    (message,) = messages(aws, url)
    context = json.loads(message["Body"])["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("EventAgeExceeded", 1)
    assert len(function.attempts()) == 1


def test_the_settings_of_another_qualifier_do_not_count(aws: LocalAws, tmp_path: Path) -> None:
    function = Counted(aws, "qualified", tmp_path, ALWAYS)
    aws.client("lambda").put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    function.configure(MaximumRetryAttempts=1)

    by_sns(aws, function.name, function.alias)

    eventually(lambda: function.is_over(dropped=1))
    assert len(function.attempts()) == 2


def test_a_worker_killed_in_the_middle_is_a_failed_attempt(aws: LocalAws, tmp_path: Path) -> None:
    function = Counted(aws, "killed", tmp_path, failures=1, how="killed")

    by_sns(aws, function.name, function.alias)

    eventually(lambda: len(function.attempts()) == 2)
    eventually(function.is_over)
    assert aws.sink.sum("Errors", **function.dimensions) == 1
    assert function.dropped() is None


def test_a_success_goes_to_its_destination_on_an_event_bus(aws: LocalAws, tmp_path: Path) -> None:
    function = Counted(aws, "succeeds", tmp_path, 0, WRITES)
    url, arn = queue(aws, "succeeded")
    events = aws.client("events")
    bus = events.create_event_bus(Name="results")["EventBusArn"]
    pattern = {"source": ["lambda"], "detail-type": ["Lambda Function Invocation Result - Success"]}
    events.put_rule(Name="results", EventBusName="results", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="results", EventBusName="results", Targets=[{"Id": "1", "Arn": arn}])
    function.configure(DestinationConfig={"OnSuccess": {"Destination": bus}})

    by_sns(aws, function.name, function.alias)

    eventually(lambda: messages(aws, url))
    (message,) = messages(aws, url)
    event = json.loads(message["Body"])
    assert event["resources"] == [function.alias, bus]
    assert event["detail"]["requestContext"]["condition"] == "Success"
    assert event["detail"]["responsePayload"] == "done"


def test_a_dead_letter_is_the_event_itself_with_the_reason_in_its_attributes(aws: LocalAws, tmp_path: Path) -> None:
    url, arn = queue(aws, "dead-letters")
    function = Counted(aws, "dead", tmp_path, ALWAYS, WRITES, DeadLetterConfig={"TargetArn": arn})
    function.configure(MaximumRetryAttempts=0)

    by_eventbridge(aws, function.name, function.alias)

    eventually(lambda: messages(aws, url))
    (message,) = messages(aws, url)
    assert json.loads(message["Body"])["detail"] == {"car": "hello"}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes == {
        "RequestID": function.attempts()[0]["id"],
        "ErrorCode": "200",
        "ErrorMessage": "no such car",
    }


def test_a_role_that_may_not_write_shows_in_the_metrics_and_nothing_is_written(aws: LocalAws, tmp_path: Path) -> None:
    url, arn = queue(aws, "out-of-reach")
    function = Counted(aws, "without-grants", tmp_path, ALWAYS, DeadLetterConfig={"TargetArn": arn})
    function.configure(MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}})

    by_sns(aws, function.name, function.alias)

    eventually(lambda: function.is_over(dropped=1))
    assert messages(aws, url) == []
    assert aws.sink.sum("DestinationDeliveryFailures", **function.dimensions) == 1
    assert aws.sink.sum("DeadLetterErrors", **function.dimensions) == 1


def test_each_attempt_draws_the_version_anew(aws: LocalAws, tmp_path: Path) -> None:
    function = Counted(aws, "redrawn", tmp_path, ALWAYS)
    aws.host.snapshot(FunctionArn.parse(function.arn), function.version)
    new = aws.publish(function.name, COUNTS + "# changed")
    aws.client("lambda").update_alias(
        FunctionName=function.name,
        Name="live",
        FunctionVersion=function.version,
        RoutingConfig={"AdditionalVersionWeights": {new: 0.5}},
    )
    function.configure(MaximumRetryAttempts=2)

    for _ in range(6):
        aws.client("sns").publish(TopicArn=_topic(aws, function), Message="hello")

    eventually(lambda: function.is_over(dropped=6), seconds=20)
    versions: dict[str, set[str]] = {}
    for attempt in function.attempts():
        versions.setdefault(attempt["id"], set()).add(attempt["version"])
    assert len(function.attempts()) == 18
    assert any(len(of_event) == 2 for of_event in versions.values())  # fails once in four thousand runs


def _topic(aws: LocalAws, function: Counted) -> str:
    sns = aws.client("sns")
    topic = str(sns.create_topic(Name=function.name)["TopicArn"])
    if not sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.alias)
    return topic


def test_an_event_accepted_from_the_emulator_is_work_of_its_minute(aws: LocalAws, tmp_path: Path) -> None:
    code = "import time\ndef handle(event, context): time.sleep(0.5)"
    arn = aws.function("busy", code)

    by_sns(aws, "busy", arn)

    eventually(lambda: "busy (asynchronous)" in aws.clock.unfinished_work())
    eventually(lambda: "busy (asynchronous)" not in aws.clock.unfinished_work())


def test_a_made_up_sns_event_is_answered_as_the_synchronous_invocation_that_it_is(
    aws: LocalAws, tmp_path: Path
) -> None:
    function = Counted(aws, "made-up", tmp_path, failures=0)
    event = {"Records": [{"EventSubscriptionArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:none:{os.getpid()}", "Sns": {}}]}

    answer = aws.client("lambda").invoke(
        FunctionName=function.name, Qualifier=function.version, Payload=json.dumps(event)
    )

    assert json.loads(answer["Payload"].read()) == "done"
    assert aws.sink.sum("AsyncEventsReceived", FunctionName=function.name) is None
