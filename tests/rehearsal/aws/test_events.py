"""Events as a service puts them and a rule's targets get them: what the bus refuses, their time, their input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.lambda_host.local_aws import eventually

ACCOUNT, REGION = "222222222222", "eu-west-1"
EVENT = {"Source": "cars", "DetailType": "Changed", "Detail": "{}"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    with LocalCloud(home, cache=home / "cache", egress={}, speed=1000) as cloud:
        yield cloud


def client(cloud: LocalCloud, service: str) -> Any:
    return cloud.clients.root(ACCOUNT, REGION).client(service)  # type: ignore[call-overload]


def rule(source: str, **given: Any) -> dict[str, Any]:
    target = {"Id": "T", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, **given}
    dead_letters = {"DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}}
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {"EventPattern": {"source": [source]}, "Targets": [{**target, **dead_letters}]},
    }


@pytest.fixture(scope="module")
def queues(cloud: LocalCloud) -> Mapping[str, str]:
    """A stack of rules, one for each source; the addresses of its queues."""
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]}
    joined = ['{"first": <first>, "all": <all>, "at": "<at>", "region": "', {"Ref": "AWS::Region"}, '"}']
    transformed = {
        "InputPathsMap": {"first": "$.detail.cars[0].id", "all": "$.detail.cars[*].id", "at": "$.time"},
        "InputTemplate": {"Fn::Join": ["", joined]},
    }
    broken = {"InputPathsMap": {"said": "$.detail.said"}, "InputTemplate": '{"said": "<said>"}'}
    text = {"InputPathsMap": {"said": "$.detail.said"}, "InputTemplate": '"He said <said>."'}
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "DeadLetters": {"Type": "AWS::SQS::Queue"},
        "Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"PolicyDocument": document, "Queues": [{"Ref": "Queue"}, {"Ref": "DeadLetters"}]},
        },
        "Transformed": rule("transformed", InputTransformer=transformed),
        "Part": rule("part", InputPath="$.detail.cars[1]"),
        "Broken": rule("broken", InputTransformer=broken),
        "Text": rule("text", InputTransformer=text),
        "Whole": rule("whole"),
    }
    outputs = {name: {"Value": {"Ref": name}} for name in ("Queue", "DeadLetters")}
    template = json.dumps({"Resources": resources, "Outputs": outputs})
    cloudformation = client(cloud, "cloudformation")
    cloudformation.create_stack(StackName="Events", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="Events", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    made = cloudformation.describe_stacks(StackName="Events")["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in made}


def take(cloud: LocalCloud, url: str) -> list[Any]:
    sqs = client(cloud, "sqs")
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages", [])
    for message in taken:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return list(taken)


def put(cloud: LocalCloud, source: str, detail: Any, **given: Any) -> None:
    entry = {"Source": source, "DetailType": "Changed", "Detail": json.dumps(detail), **given}
    assert client(cloud, "events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_indices_and_wildcards_and_the_senders_time_are_in_what_the_target_gets(
    cloud: LocalCloud, queues: Mapping[str, str]
) -> None:
    sent_at = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)

    put(cloud, "transformed", {"cars": [{"id": "one"}, {"id": "two"}]}, Time=sent_at)

    (message,) = eventually(lambda: take(cloud, queues["Queue"]))
    assert json.loads(message["Body"]) == {
        "first": "one",
        "all": ["one", "two"],
        "at": "2024-02-03T04:05:06Z",
        "region": REGION,
    }


def test_a_part_of_the_event_is_what_the_path_finds(cloud: LocalCloud, queues: Mapping[str, str]) -> None:
    put(cloud, "part", {"cars": [1, {"id": "two"}]})

    (message,) = eventually(lambda: take(cloud, queues["Queue"]))
    assert json.loads(message["Body"]) == {"id": "two"}


def test_the_whole_event_has_the_time_of_its_arrival_where_none_is_given(
    cloud: LocalCloud, queues: Mapping[str, str]
) -> None:
    put(cloud, "whole", {"said": "ä"})

    (message,) = eventually(lambda: take(cloud, queues["Queue"]))
    event = json.loads(message["Body"])
    assert event["detail"] == {"said": "ä"}
    assert abs((datetime.now(UTC) - datetime.fromisoformat(event["time"])).total_seconds()) < 60


def test_what_a_template_made_and_is_no_json_is_a_dead_letter_and_counted(
    cloud: LocalCloud, queues: Mapping[str, str]
) -> None:
    put(cloud, "broken", {"said": 'a "word"'})

    (message,) = eventually(lambda: take(cloud, queues["DeadLetters"]))
    assert json.loads(message["Body"])["detail"] == {"said": 'a "word"'}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "INVALID_PARAMETER"
    assert '{"said":"a "word""}' in attributes["ERROR_MESSAGE"]
    assert take(cloud, queues["Queue"]) == []
    metrics = client(cloud, "cloudwatch").list_metrics(Namespace="AWS/Events", MetricName="FailedInvocations")
    assert any("Broken" in dimension["Value"] for each in metrics["Metrics"] for dimension in each["Dimensions"])


def test_a_text_goes_to_a_queue_as_it_is(cloud: LocalCloud, queues: Mapping[str, str]) -> None:
    put(cloud, "text", {"said": "yes"})

    (message,) = eventually(lambda: take(cloud, queues["Queue"]))
    assert message["Body"] == '"He said yes."'


def test_entries_that_the_bus_refuses_are_named_in_their_places_and_the_others_are_sent(
    cloud: LocalCloud, queues: Mapping[str, str]
) -> None:
    entries = [
        {"DetailType": "Changed", "Detail": "{}"},
        {"Source": "whole", "DetailType": "Changed", "Detail": '{"n": 1}', "Time": datetime(2024, 1, 1, tzinfo=UTC)},
        {"Source": "whole", "DetailType": "Changed", "Detail": "[1]"},
        {"Source": "aws.whole", "DetailType": "Changed", "Detail": "{}"},
        {"Source": "whole", "DetailType": "Changed", "Detail": '{"n": 2}'},
    ]

    answer = client(cloud, "events").put_events(Entries=entries)

    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == ["InvalidArgument", None, "MalformedDetail", "NotAuthorizedForSourceException", None]
    assert answer["FailedEntryCount"] == 3
    arrived: list[Any] = []

    def both_arrived() -> bool:
        arrived.extend(take(cloud, queues["Queue"]))
        return len(arrived) == 2

    eventually(both_arrived)
    times = {event["detail"]["n"]: event["time"] for event in (json.loads(message["Body"]) for message in arrived)}
    assert times[1] == "2024-01-01T00:00:00Z"
    assert times[2] > "2026"


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([{**EVENT, "Detail": json.dumps("x" * 1024 * 1024)}], "ValidationException"),
        ([EVENT] * 11, "ValidationException"),
    ],
)
def test_a_call_that_is_too_large_is_refused_as_a_whole(cloud: LocalCloud, entries: list[Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        client(cloud, "events").put_events(Entries=entries)


def test_who_may_put_nothing_is_denied_though_every_entry_would_be_refused(cloud: LocalCloud) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = client(cloud, "iam").create_role(RoleName="puts-nothing", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    events: Any = cloud.clients.assume(arn, session_name="test", region=REGION).client("events")

    for entry in (EVENT, {"DetailType": "Changed"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            events.put_events(Entries=[entry])
