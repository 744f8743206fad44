"""Event sources in their place: a stack in the local AWS, whose alarms see what waits in a stream and in a queue."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.rehearsal.aws.event_sources.polled_aws import CONSUMER, PolledAws
from tests.rehearsal.aws.journal import entries

STACK = "telemetry"


def test_a_stacks_mapping_polls_and_its_alarms_see_what_waits_and_what_was_given_up(aws: PolledAws) -> None:
    journal = aws.home / "stack.jsonl"
    deploy(aws, template(str(journal), batch_size=10), "create_stack")
    mapping = resource_id(aws, "Mapping")
    stream = resource_id(aws, "Stream")
    aws.client("kinesis").put_record(StreamName=stream, Data=b"a", PartitionKey="k")
    aws.eventually(lambda: bodies(journal) == ["a"])

    deploy(aws, template(str(journal), batch_size=5), "update_stack")
    aws.client("kinesis").put_record(StreamName=stream, Data=b"poison", PartitionKey="k")

    aws.eventually(lambda: state(aws, "stack-delayed") == "ALARM")
    aws.client("kinesis").put_record(StreamName=stream, Data=b"b", PartitionKey="k")
    aws.eventually(lambda: bodies(journal)[-1] == "b")
    assert len([body for body in bodies(journal) if body == "a"]) == 1
    aws.eventually(lambda: state(aws, "stack-undelivered") == "ALARM")
    assert resource_id(aws, "Mapping") == mapping  # an update, not a replacement

    deploy(aws, {"Resources": {"Nothing": {"Type": "AWS::SNS::Topic"}}}, "update_stack")
    assert not [name for name in aws.cloud.clock.unfinished_work() if "Function" in name]


def bodies(journal: Path) -> list[str]:
    return [body for entry in entries(journal) for body in entry["bodies"]]


def state(aws: PolledAws, alarm: str) -> str:
    (found,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    return str(found["StateValue"])


def deploy(aws: PolledAws, body: dict[str, Any], operation: str) -> None:
    client = aws.client("cloudformation")
    getattr(client, operation)(StackName=STACK, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_IAM"])
    deadline = time.monotonic() + 30
    while (status := client.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS"):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    events = client.describe_stack_events(StackName=STACK)["StackEvents"]
    reasons = [event.get("ResourceStatusReason") for event in events if event["ResourceStatus"].endswith("FAILED")]
    assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), reasons


def resource_id(aws: PolledAws, logical_id: str) -> str:
    answer = aws.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def template(journal: str, *, batch_size: int) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    statement = {"Effect": "Allow", "Action": ["kinesis:*", "sqs:SendMessage"], "Resource": "*"}
    of_alias = {"FunctionName": {"Ref": "Function"}, "Resource": {"Fn::Sub": "${Function}:live"}}
    return {
        "Resources": {
            "Stream": resource("AWS::Kinesis::Stream", ShardCount=1),
            "Undelivered": resource("AWS::SQS::Queue"),
            "Role": resource(
                "AWS::IAM::Role",
                AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]},
                Policies=[{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}],
            ),
            "Function": resource(
                "AWS::Lambda::Function",
                Runtime="python3.13",
                Handler="index.handle",
                Role={"Fn::GetAtt": ["Role", "Arn"]},
                Code={"ZipFile": CONSUMER},
                Environment={"Variables": {"JOURNAL": journal}},
            ),
            "Version": resource("AWS::Lambda::Version", FunctionName={"Ref": "Function"}),
            "Alias": resource(
                "AWS::Lambda::Alias",
                FunctionName={"Ref": "Function"},
                FunctionVersion={"Fn::GetAtt": ["Version", "Version"]},
                Name="live",
            ),
            "Mapping": resource(
                "AWS::Lambda::EventSourceMapping",
                EventSourceArn={"Fn::GetAtt": ["Stream", "Arn"]},
                FunctionName={"Ref": "Alias"},
                StartingPosition="TRIM_HORIZON",
                BatchSize=batch_size,
                BisectBatchOnFunctionError=True,
                MaximumRecordAgeInSeconds=1800,
                DestinationConfig={"OnFailure": {"Destination": {"Fn::GetAtt": ["Undelivered", "Arn"]}}},
            ),
            "Delayed": alarm("stack-delayed", "AWS/Lambda", "IteratorAge", of_alias, threshold=300_000),
            "GivenUp": alarm(
                "stack-undelivered",
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                {"QueueName": {"Fn::GetAtt": ["Undelivered", "QueueName"]}},
                threshold=0,
            ),
        },
        "Outputs": {"Mapping": {"Value": {"Fn::GetAtt": ["Mapping", "EventSourceMappingArn"]}}},
    }


def alarm(name: str, namespace: str, metric: str, dimensions: dict[str, Any], *, threshold: int) -> dict[str, Any]:
    return resource(
        "AWS::CloudWatch::Alarm",
        AlarmName=name,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}
