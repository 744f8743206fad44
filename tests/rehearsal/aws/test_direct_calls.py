from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.direct_calls import DirectCalls
from rehearsal.aws.edge.signature import SignedRequest
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, ROOT_SECRET, BareCloud

NOBODY = "http://127.0.0.1:9"


def test_a_call_goes_past_the_edge_and_is_heard_of(cloud: BareCloud) -> None:
    heard: list[SignedRequest] = []
    direct = DirectCalls(cloud.ministack.socket, heard.append)
    sqs = AwsClients(NOBODY, ROOT_SECRET, direct.send).root(ACCOUNT, REGION).client("sqs")

    url = sqs.create_queue(QueueName="direct")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="ä")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    direct.close()

    assert message["Body"] == "ä"
    assert [request.headers["x-amz-target"] for request in heard][:2] == [
        "AmazonSQS.CreateQueue",
        "AmazonSQS.SendMessage",
    ]
    assert json.loads(heard[1].body)["MessageBody"] == "ä"


def test_a_call_whose_body_is_a_form_goes_past_the_edge_too(cloud: BareCloud) -> None:
    heard: list[SignedRequest] = []
    direct = DirectCalls(cloud.ministack.socket, heard.append)
    sns = AwsClients(NOBODY, ROOT_SECRET, direct.send).root(ACCOUNT, REGION).client("sns")

    topic = sns.create_topic(Name="direct")["TopicArn"]
    sns.publish(TopicArn=topic, Message="ä")
    direct.close()

    assert [b"Action=Publish" in request.body for request in heard] == [False, True]


def test_an_error_of_aws_is_an_error_as_ever(cloud: BareCloud) -> None:
    direct = DirectCalls(cloud.ministack.socket, lambda _: None)
    kinesis = AwsClients(NOBODY, ROOT_SECRET, direct.send).root(ACCOUNT, REGION).client("kinesis")

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        kinesis.describe_stream(StreamName="nobody")
    direct.close()


def test_what_aws_refuses_of_a_message_is_refused_on_the_short_way_too(cloud: BareCloud) -> None:
    direct = DirectCalls(cloud.ministack.socket, lambda _: None)
    session = AwsClients(NOBODY, ROOT_SECRET, direct.send).root(ACCOUNT, REGION)
    sns, sqs = session.client("sns"), session.client("sqs")
    topic = sns.create_topic(Name="short")["TopicArn"]
    url = sqs.create_queue(QueueName="short")["QueueUrl"]

    with pytest.raises(ClientError, match=r"InvalidParameter.*Subject"):
        sns.publish(TopicArn=topic, Message="x", Subject="x" * 101)
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*DelaySeconds"):
        sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=901)
    direct.close()


def test_the_callers_own_permissions_count_on_the_short_way_too(cloud: BareCloud) -> None:
    direct = DirectCalls(cloud.ministack.socket, lambda _: None)
    cloud.client("logs").create_log_group(logGroupName="direct")
    role = cloud.role("reads-nothing")
    clients = AwsClients(cloud.edge.url, ROOT_SECRET, direct.send)

    denied = clients.assume(role, session_name="test", region=REGION).client("logs")

    with pytest.raises(ClientError, match="not authorized"):
        denied.create_log_stream(logGroupName="direct", logStreamName="x")
    direct.close()


@pytest.mark.parametrize(
    "service", ["cloudformation", "sts", "iam", "lambda", "cloudwatch", "codedeploy", "s3", "eventbridge"]
)
def test_what_the_edge_does_more_than_pass_on_goes_through_it(service: str, tmp_path: Path) -> None:
    direct = DirectCalls(tmp_path / "not-asked", lambda _: None)
    headers: Any = HeadersDict()
    request = AWSPreparedRequest("POST", NOBODY + "/", headers, b"", stream_output=False)

    assert direct.send(request, f"before-send.{service}.Anything") is None


def test_an_emulator_that_is_gone_is_a_connection_that_cannot_be_made(tmp_path: Path) -> None:
    direct = DirectCalls(tmp_path / "gone", lambda _: None)
    session: Any = AwsClients(NOBODY, ROOT_SECRET, direct.send).root(ACCOUNT, REGION)
    sqs = session.client("sqs", config=Config(retries={"total_max_attempts": 1}))

    with pytest.raises(EndpointConnectionError):
        sqs.list_queues()

    gc.collect()  # a socket that nobody closed is a warning now, and a warning is an error
