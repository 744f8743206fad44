"""A stack of what happens on the run's clock: a function's log lines become a metric that an alarm watches.

Beside it a repository, which only has to exist. The whole local AWS runs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.lambda_host.local_aws import eventually

ACCOUNT, REGION = "222222222222", "eu-west-1"
DEADLINE_SECONDS = 60.0
CODE = """
def handler(event, context):
    if event.get("raise"):
        raise ValueError("no")
    print('{"level": "ERROR", "ms": 250}' if event.get("fail") else '{"level": "INFO"}')
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
GROUP_ARN = {"Fn::Sub": "arn:aws:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default"}
TEMPLATE = {
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "Policies": [
                    {
                        "PolicyName": "send",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
                        },
                    }
                ],
            },
        },
        "Failed": {"Type": "AWS::SQS::Queue"},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "logger",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Runtime": "python3.11",
                "Handler": "index.handler",
                "Code": {"ZipFile": CODE},
                "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Failed", "Arn"]}},
            },
        },
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/logger"}},
        "Filter": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "Group"},
                "FilterPattern": '{ $.level = "ERROR" && $.ms > 100 }',
                "MetricTransformations": [
                    {"MetricNamespace": "App", "MetricName": "Errors", "MetricValue": "1", "DefaultValue": 0}
                ],
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": "errors",
                "Namespace": "App",
                "MetricName": "Errors",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "ignore",
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue"},
        "DeadLetters": {"Type": "AWS::SQS::Queue"},
        "SchedulerRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "scheduler.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                            "Condition": {
                                "StringEquals": {
                                    "aws:SourceAccount": {"Ref": "AWS::AccountId"},
                                    "aws:SourceArn": GROUP_ARN,
                                }
                            },
                        }
                    ],
                },
                "Policies": [
                    {
                        "PolicyName": "send",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": "sqs:SendMessage",
                                    "Resource": [
                                        {"Fn::GetAtt": ["Queue", "Arn"]},
                                        {"Fn::GetAtt": ["DeadLetters", "Arn"]},
                                    ],
                                }
                            ],
                        },
                    }
                ],
            },
        },
        "Ticks": {"Type": "AWS::SQS::Queue"},
        "TicksMay": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Ticks"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": {"Fn::GetAtt": ["Ticks", "Arn"]},
                        }
                    ],
                },
            },
        },
        "EveryHour": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "ScheduleExpression": "rate(1 hour)",
                "Targets": [{"Id": "1", "Arn": {"Fn::GetAtt": ["Ticks", "Arn"]}}],
            },
        },
        "Hourly": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "ScheduleExpression": "rate(1 hour)",
                "Target": {
                    "Arn": {"Fn::GetAtt": ["Queue", "Arn"]},
                    "RoleArn": {"Fn::GetAtt": ["SchedulerRole", "Arn"]},
                    "Input": '{"at": "<aws.scheduler.scheduled-time>"}',
                },
            },
        },
        "Denied": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Name": "denied",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "ScheduleExpression": "rate(1 hour)",
                "Target": {
                    "Arn": {"Fn::GetAtt": ["Function", "Arn"]},
                    "RoleArn": {"Fn::GetAtt": ["SchedulerRole", "Arn"]},
                    "Input": '{"is": "denied"}',
                    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}},
                },
            },
        },
        "Repository": {"Type": "AWS::CodeCommit::Repository", "Properties": {"RepositoryName": "app"}},
    },
    "Outputs": {
        "CloneUrl": {"Value": {"Fn::GetAtt": ["Repository", "CloneUrlHttp"]}},
        "Filter": {"Value": {"Ref": "Filter"}},
        "QueueUrl": {"Value": {"Ref": "Queue"}},
        "FailedUrl": {"Value": {"Ref": "Failed"}},
        "TicksUrl": {"Value": {"Ref": "Ticks"}},
        "DeadLettersUrl": {"Value": {"Ref": "DeadLetters"}},
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
    cloudformation.create_stack(StackName="Logs", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (stack := cloudformation.describe_stacks(StackName="Logs")["Stacks"][0])["StackStatus"].endswith("PROGRESS"):
        assert time.monotonic() < deadline, "the stack is not made in time"
        time.sleep(0.05)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def client(cloud: LocalCloud, service: str) -> Any:
    return cloud.clients.root(ACCOUNT, REGION).client(service)  # type: ignore[call-overload]


def test_alarm_on_a_metric_of_log_lines_fires_when_a_function_prints_them(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    def state() -> AlarmState:
        return cloud.cloudwatch.alarm_state(ACCOUNT, REGION, "errors")

    client(cloud, "lambda").invoke(FunctionName="logger", Payload=json.dumps({}))
    assert cloud.clock.wait_until(lambda: state() is AlarmState.OK, timeout=600)

    client(cloud, "lambda").invoke(FunctionName="logger", Payload=json.dumps({"fail": True}))
    assert cloud.clock.wait_until(lambda: state() is AlarmState.ALARM, timeout=600)


def test_log_events_that_somebody_puts_are_measured_too_and_once(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    logs = client(cloud, "logs")
    logs.create_log_stream(logGroupName="/aws/lambda/logger", logStreamName="mine")
    before = total(cloud)

    event = {"timestamp": int(time.time() * 1000), "message": '{"level": "ERROR", "ms": 101}'}
    logs.put_log_events(logGroupName="/aws/lambda/logger", logStreamName="mine", logEvents=[event])

    eventually(lambda: total(cloud) == before + 1)


def test_schedule_calls_its_target_with_its_role_as_often_as_the_runs_clock_says(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    cloud.clock.sleep(2 * 3600 + 120)

    bodies = [json.loads(message["Body"]) for message in take(cloud, outputs["QueueUrl"])]
    times = sorted(datetime.fromisoformat(body["at"]).timestamp() for body in bodies)
    assert len(times) >= 2
    assert {later - earlier for earlier, later in pairwise(times)} == {3600.0}


def test_rule_with_a_schedule_sends_to_its_queue(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    cloud.clock.sleep(3600 + 120)

    message, *_ = eventually(lambda: take(cloud, outputs["TicksUrl"]))
    assert json.loads(message["Body"])["detail-type"] == "Scheduled Event"


def test_schedule_whose_role_may_not_call_its_target_sends_it_to_its_dead_letter_queue(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    cloud.clock.sleep(3600 + 120)

    message, *_ = eventually(lambda: take(cloud, outputs["DeadLettersUrl"]))
    assert json.loads(message["Body"]) == {"is": "denied"}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "AccessDeniedException"
    assert attributes["RETRY_ATTEMPTS"] == "0"
    assert attributes["SCHEDULE_ARN"].endswith(":schedule/default/denied")


def test_event_that_a_function_gives_up_goes_to_the_dead_letter_queue_of_its_template(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    client(cloud, "lambda").invoke(FunctionName="logger", InvocationType="Event", Payload=json.dumps({"raise": True}))
    assert cloud.clock.wait_until(lambda: not cloud.lambda_host.pending_events(), timeout=3600)

    (message,) = eventually(lambda: take(cloud, outputs["FailedUrl"]))
    assert json.loads(message["Body"]) == {"raise": True}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no"


def take(cloud: LocalCloud, url: str) -> list[Any]:
    """Takes what the queue has."""
    found = client(cloud, "sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return list(found.get("Messages", []))


def test_filters_of_stacks_are_listed(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    (listed,) = client(cloud, "logs").describe_metric_filters(logGroupName="/aws/lambda/logger")["metricFilters"]

    assert listed["filterName"] == outputs["Filter"]


def test_resource_that_only_has_to_exist_can_be_referred_to(outputs: Mapping[str, str]) -> None:
    assert outputs["CloneUrl"] == "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/app"


def total(cloud: LocalCloud) -> float:
    """How much the metric of the log lines has summed up to so far."""
    now = cloud.clock.now()
    points = client(cloud, "cloudwatch").get_metric_statistics(
        Namespace="App",
        MetricName="Errors",
        StartTime=now - 86_400,
        EndTime=now + 86_400,
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))
