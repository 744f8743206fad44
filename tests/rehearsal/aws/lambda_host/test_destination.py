from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.lambda_host.destination import DestinationRefused, send, timestamp
from tests.rehearsal.aws.lambda_host.local_aws import ACCOUNT, REGION, LocalAws, eventually

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:changes:live"
FAILED = {"requestContext": {"functionArn": FUNCTION, "condition": "RetriesExhausted"}, "version": "1.0"}
FROM_ANYBODY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}  # fmt: skip


def queue(aws: LocalAws, name: str) -> tuple[str, str]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(FROM_ANYBODY)})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def received(aws: LocalAws, url: str) -> dict[str, object]:
    def receive() -> list[dict[str, str]]:
        found: list[dict[str, str]] = aws.client("sqs").receive_message(QueueUrl=url).get("Messages", [])
        return found

    (message,) = eventually(receive)
    body: dict[str, object] = json.loads(message["Body"])
    return body


def test_a_queue_gets_the_record_from_a_role_that_may_only_send(aws: LocalAws) -> None:
    url, arn = queue(aws, "destination")
    role = aws.role("sends", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn})
    session = aws.clients.assume(role, session_name="changes", region=REGION)

    send(arn, FAILED, session=session)

    assert received(aws, url) == FAILED


def test_a_topic_gets_the_record(aws: LocalAws) -> None:
    url, arn = queue(aws, "destination-inbox")
    topic = aws.client("sns").create_topic(Name="destination")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    send(topic, FAILED, session=aws.clients.root(ACCOUNT, REGION))

    assert json.loads(str(received(aws, url)["Message"])) == FAILED


@pytest.mark.parametrize(("condition", "result"), [("RetriesExhausted", "Failure"), ("Success", "Success")])
def test_a_bus_gets_an_event_that_says_how_it_went(aws: LocalAws, condition: str, result: str) -> None:
    url, arn = queue(aws, f"destination-events-{result}")
    events = aws.client("events")
    name = f"destination-{result}"
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    events.put_rule(Name=f"all-{result}", EventBusName=name, EventPattern='{"source": ["lambda"]}')
    events.put_targets(Rule=f"all-{result}", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    record = {"requestContext": {"functionArn": FUNCTION, "condition": condition}}

    send(bus, record, session=aws.clients.root(ACCOUNT, REGION))

    event = received(aws, url)
    assert event["detail-type"] == f"Lambda Function Invocation Result - {result}"
    assert event["resources"] == [FUNCTION, bus]
    assert event["detail"] == record


def test_a_role_that_may_not_send_is_refused(aws: LocalAws) -> None:
    _, arn = queue(aws, "closed-destination")
    session = aws.clients.assume(aws.role("mute"), session_name="changes", region=REGION)
    aws.client("sqs").set_queue_attributes(
        QueueUrl=f"{aws.endpoint_url}/{ACCOUNT}/closed-destination", Attributes={"Policy": ""}
    )

    with pytest.raises(ClientError, match="not authorized to perform: sqs:SendMessage"):
        send(arn, FAILED, session=session)


@pytest.mark.parametrize("arn", ["arn:aws:s3:::bucket", "bucket"])
def test_what_is_no_destination_is_refused_by_name(aws: LocalAws, arn: str) -> None:
    with pytest.raises(DestinationRefused, match="bucket"):
        send(arn, FAILED, session=aws.clients.root(ACCOUNT, REGION))


def test_timestamp_is_in_utc_with_milliseconds() -> None:
    assert timestamp(1573691886.021) == "2019-11-14T00:38:06.021Z"
