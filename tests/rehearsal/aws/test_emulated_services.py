"""What the table of resource types calls working and the emulator does by itself, tried once each in a stack."""

from __future__ import annotations

import base64
import gzip
import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.lambda_host.local_aws import eventually

ACCOUNT, REGION = "222222222222", "eu-west-1"
DEADLINE_SECONDS = 60.0
# Sends what it gets to the queue, and answers with it.
CODE = """
import json, os
import boto3

def handler(event, context):
    if "queue" in os.environ:
        boto3.client("sqs").send_message(QueueUrl=os.environ["queue"], MessageBody=json.dumps(event))
    if "rawPath" in event:
        return {"statusCode": 201, "body": event["rawPath"]}
    return {"got": event}
"""


def role(service: str, *actions: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]}}],
        },
    }


def permission(service: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Function"},
            "Principal": service,
        },
    }


FUNCTION_ARN = {"Fn::GetAtt": ["Function", "Arn"]}
MACHINE = {
    "StartAt": "Choose",
    "States": {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fail", "BooleanEquals": True, "Next": "Fail"}],
            "Default": "Call",
        },
        "Fail": {"Type": "Fail", "Error": "Asked", "Cause": "for"},
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "echo", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "End": True,
        },
    },
}
TEMPLATE = {
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Role": role("lambda.amazonaws.com", "sqs:SendMessage"),
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "echo",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Runtime": "python3.11",
                "Handler": "index.handler",
                "Timeout": 30,
                "Code": {"ZipFile": CODE},
                "Environment": {"Variables": {"queue": {"Ref": "Queue"}}},
            },
        },
        "ApiMay": permission("apigateway.amazonaws.com"),
        "BucketMay": permission("s3.amazonaws.com"),
        "LogsMay": permission("logs.amazonaws.com"),
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "http", "ProtocolType": "HTTP"}},
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": FUNCTION_ARN,
                "PayloadFormatVersion": "2.0",
            },
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "Api"},
                "RouteKey": "GET /cars/{id}",
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Integration"}]]},
            },
        },
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True},
        },
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "DependsOn": ["BucketMay"],
            "Properties": {
                "BucketName": "emulated-services",
                "NotificationConfiguration": {
                    "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": FUNCTION_ARN}],
                    "EventBridgeConfiguration": {"EventBridgeEnabled": True},
                },
            },
        },
        "OfBucket": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["aws.s3"], "detail-type": ["Object Created"]},
                "Targets": [{"Id": "1", "Arn": {"Fn::GetAtt": ["Heard", "Arn"]}}],
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic"},
        "OfTopic": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Heard", "Arn"]},
                "RawMessageDelivery": True,
                "FilterPolicy": {"kind": ["car", {"prefix": "bi"}]},
            },
        },
        "Heard": {"Type": "AWS::SQS::Queue"},
        "HeardMay": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Heard"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]},
                            "Action": "sqs:SendMessage",
                            "Resource": {"Fn::GetAtt": ["Heard", "Arn"]},
                        }
                    ],
                },
            },
        },
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "app"}},
        "Subscription": {
            "Type": "AWS::Logs::SubscriptionFilter",
            "DependsOn": ["LogsMay"],
            "Properties": {"LogGroupName": {"Ref": "Group"}, "FilterPattern": "ERROR", "DestinationArn": FUNCTION_ARN},
        },
        "MachineRole": role("states.amazonaws.com", "lambda:InvokeFunction"),
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": {"Fn::GetAtt": ["MachineRole", "Arn"]},
                "DefinitionString": json.dumps(MACHINE),
            },
        },
    },
    "Outputs": {
        "QueueUrl": {"Value": {"Ref": "Queue"}},
        "HeardUrl": {"Value": {"Ref": "Heard"}},
        "TopicArn": {"Value": {"Ref": "Topic"}},
        "ApiUrl": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}},
        "MachineArn": {"Value": {"Ref": "Machine"}},
    },
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    with LocalCloud(home, cache=home / "cache", egress={}, speed=1000) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def outputs(cloud: LocalCloud) -> Mapping[str, str]:
    """The stack, deployed."""
    cloudformation = client(cloud, "cloudformation")
    cloudformation.create_stack(
        StackName="Emulated", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"]
    )
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        (stack,) = cloudformation.describe_stacks(StackName="Emulated")["Stacks"]
        if not stack["StackStatus"].endswith("PROGRESS"):
            break
        assert time.monotonic() < deadline, "the stack is not made in time"
        time.sleep(0.05)
    events = cloudformation.describe_stack_events(StackName="Emulated")["StackEvents"]
    reasons = [event.get("ResourceStatusReason") for event in events if "FAILED" in event["ResourceStatus"]]
    assert (stack["StackStatus"], reasons) == ("CREATE_COMPLETE", [])
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def client(cloud: LocalCloud, service: str) -> Any:
    return cloud.clients.root(ACCOUNT, REGION).client(service)  # type: ignore[call-overload]


def next_of(cloud: LocalCloud, url: str) -> str:
    """The next message of a queue."""
    sqs = client(cloud, "sqs")

    def receive() -> list[Any]:
        messages = sqs.receive_message(QueueUrl=url).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return list(messages)

    (message, *_) = eventually(receive, seconds=DEADLINE_SECONDS)
    return str(message["Body"])


def taken(cloud: LocalCloud, outputs: Mapping[str, str]) -> Any:
    """The next event that the function has got."""
    return json.loads(next_of(cloud, outputs["QueueUrl"]))


def test_http_api_hands_a_request_to_its_function(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    with urllib.request.urlopen(f"{outputs['ApiUrl']}/cars/7", timeout=30) as answer:
        status, body = answer.status, answer.read()

    assert (status, body) == (201, b"/cars/7")
    event = taken(cloud, outputs)
    assert (event["version"], event["routeKey"], event["pathParameters"]) == ("2.0", "GET /cars/{id}", {"id": "7"})


def test_bucket_tells_its_function_and_eventbridge_of_an_object(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    client(cloud, "s3").put_object(Bucket="emulated-services", Key="a/key", Body=b"x")

    (record,) = taken(cloud, outputs)["Records"]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Put", "a/key")
    heard = json.loads(next_of(cloud, outputs["HeardUrl"]))
    assert (heard["source"], heard["detail"]["object"]["key"]) == ("aws.s3", "a/key")


def test_subscription_gets_what_its_filter_policy_lets_through(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    for kind in ("train", "car", "bike"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        client(cloud, "sns").publish(TopicArn=outputs["TopicArn"], Message=kind, MessageAttributes=attributes)

    assert {next_of(cloud, outputs["HeardUrl"]) for _ in range(2)} == {"car", "bike"}


def test_subscription_filter_hands_log_events_that_match_to_its_function(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    logs = client(cloud, "logs")
    logs.create_log_stream(logGroupName="app", logStreamName="mine")
    now = int(time.time() * 1000)

    events = [{"timestamp": now, "message": message} for message in ("fine", "an ERROR")]
    logs.put_log_events(logGroupName="app", logStreamName="mine", logEvents=events)

    data = json.loads(gzip.decompress(base64.b64decode(taken(cloud, outputs)["awslogs"]["data"])))
    assert (data["logGroup"], [event["message"] for event in data["logEvents"]]) == ("app", ["an ERROR"])


@pytest.mark.parametrize(("given", "status"), [({"fail": False}, "SUCCEEDED"), ({"fail": True}, "FAILED")])
def test_state_machine_chooses_and_calls_its_function(
    cloud: LocalCloud, outputs: Mapping[str, str], given: dict[str, Any], status: str
) -> None:
    states = client(cloud, "stepfunctions")
    arn = states.start_execution(stateMachineArn=outputs["MachineArn"], input=json.dumps(given))["executionArn"]

    def ended() -> Any:
        answer = states.describe_execution(executionArn=arn)
        return None if answer["status"] == "RUNNING" else answer

    answer = eventually(ended, seconds=DEADLINE_SECONDS)
    assert answer["status"] == status
    if status == "SUCCEEDED":
        assert json.loads(answer["output"]) == {"got": given}
        assert taken(cloud, outputs) == given
