from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template as StackTemplate
from moto import mock_aws

from service.notifications.infrastructure import NotificationsStack
from tests.assembly import Assembly, Template
from tests.example import example_configuration
from tests.service.conftest import load_event
from tests.synthesis import new_app

QUEUES = {
    "notifications-failed": "FailedFunctionFailuresUrl",
    "notifications-undelivered": "UndeliveredSubscriptionFailuresUrl",
    "notifications-unpublished": "UnpublishedRuleFailuresUrl",
}


@pytest.fixture(params=["Staging", "Prod"])
def template(request: pytest.FixtureRequest, assembly: Assembly) -> Template:
    return assembly.stage_template(request.param, "Notifications")


def queue_of(template: Template, alarm_name: str) -> str:
    """The logical id of the failure queue that an alarm watches."""
    output = next(output for what, output in QUEUES.items() if alarm_name.endswith(what))
    return str(template.outputs[output]["Value"]["Ref"])


def test_bus_hands_updates_and_deletions_to_the_topic_and_what_it_cannot_to_a_queue(template: Template) -> None:
    rule = template.only("AWS::Events::Rule")
    (topic,) = template.of_type("AWS::SNS::Topic")

    assert "CarsBus" in rule["EventBusName"]["Fn::GetStackOutput"]["OutputName"]
    assert rule["EventPattern"] == {
        "source": ["acs.acm"],
        "detail-type": ["acme.acs.acm.events.CarUpdated", "acme.acs.acm.events.CarDeleted"],
        "detail": {"version": ["1.0"]},
    }
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Ref": topic}
    queue = queue_of(template, "notifications-unpublished")
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [queue, "Arn"]}}
    assert "RetryPolicy" not in target  # EventBridge's own: a day, 185 times


def test_topic_hands_everything_to_the_alias_and_what_it_cannot_to_a_queue(template: Template) -> None:
    (alias,) = template.of_type("AWS::Lambda::Alias")
    subscription = template.only("AWS::SNS::Subscription")

    assert (subscription["Protocol"], subscription["Endpoint"]) == ("lambda", {"Ref": alias})
    queue = queue_of(template, "notifications-undelivered")
    assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": {"Fn::GetAtt": [queue, "Arn"]}}
    assert "FilterPolicy" not in subscription
    permission = template.only("AWS::Lambda::Permission")
    assert (permission["FunctionName"], permission["Principal"]) == ({"Ref": alias}, "sns.amazonaws.com")


def test_function_is_tried_three_times_within_an_hour_and_then_a_queue_has_the_event(template: Template) -> None:
    asynchronous = template.only("AWS::Lambda::EventInvokeConfig")
    (alias,) = template.of_type("AWS::Lambda::Alias")

    assert (asynchronous["MaximumRetryAttempts"], asynchronous["MaximumEventAgeInSeconds"]) == (2, 3600)
    queue = queue_of(template, "notifications-failed")
    assert asynchronous["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": [queue, "Arn"]}}}
    assert alias in json.dumps(asynchronous["Qualifier"])


def test_only_this_topic_and_this_rule_may_write_to_their_queues(template: Template) -> None:
    (topic,) = template.of_type("AWS::SNS::Topic")
    (rule,) = template.of_type("AWS::Events::Rule")
    allowed = {
        policy["Properties"]["Queues"][0]["Ref"]: statement
        for policy in template.of_type("AWS::SQS::QueuePolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    }

    sources = {"notifications-undelivered": {"Ref": topic}, "notifications-unpublished": {"Fn::GetAtt": [rule, "Arn"]}}
    assert {queue: statement["Condition"]["ArnEquals"]["aws:SourceArn"] for queue, statement in allowed.items()} == {
        queue_of(template, what): source for what, source in sources.items()
    }


def test_topic_takes_nothing_without_tls(template: Template) -> None:
    statements = template.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]

    (denied,) = (statement for statement in statements if statement["Effect"] == "Deny")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (allowed,) = (statement for statement in statements if statement["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}


def test_function_may_write_notifications_and_not_read_them(template: Template) -> None:
    (function,) = (
        found["Properties"]
        for found in template.of_type("AWS::Lambda::Function").values()
        if found["Properties"]["Handler"] == "service.notifications.runtime.handler.handle"
    )
    statements = template.statements_of(function["Role"]["Fn::GetAtt"][0])
    tables = {tuple(found["Action"]) for found in statements if "NotificationsTable" in json.dumps(found["Resource"])}

    assert tables == {("dynamodb:PutItem",)}
    assert "NotificationsTable" in json.dumps(function["Environment"]["Variables"]["NOTIFICATIONS_TABLE_NAME"])


def test_new_version_gets_the_canary_of_events_after_a_sample(template: Template) -> None:
    (hook,) = (
        found["Properties"]
        for found in template.of_type("AWS::Lambda::Function").values()
        if found["Properties"]["Handler"] == "service.release.runtime.pre_traffic_event.handle"
    )
    variables = hook["Environment"]["Variables"]

    assert json.loads(variables["SAMPLE_EVENT"])["Records"][0]["EventSource"] == "aws:sns"
    assert json.loads(variables["EXPECTED_ANSWER"])["notifications"]
    assert sum(len(name) + len(str(value)) for name, value in variables.items()) < 4096  # Lambda's limit
    assert template.only("AWS::CodeDeploy::DeploymentConfig")["TrafficRoutingConfig"]["Type"] == "TimeBasedCanary"


def test_every_step_has_its_alarm(template: Template) -> None:
    alarms = {
        found["Properties"]["AlarmName"].partition("-notifications-")[2]: found["Properties"]
        for found in template.of_type("AWS::CloudWatch::Alarm").values()
        if "AlarmName" in found["Properties"]
    }

    assert sorted(alarms) == ["delayed", "failed", "throttles", "undelivered", "unpublished"]
    for trouble in ("failed", "undelivered", "unpublished"):
        queue = queue_of(template, f"notifications-{trouble}")
        assert alarms[trouble]["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    assert (alarms["delayed"]["MetricName"], alarms["delayed"]["Threshold"]) == ("AsyncEventAge", 300_000)


@pytest.fixture(scope="module")
def mail_subscription(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The operators' subscription, in a stack whose settings name them."""
    app = new_app(tmp_path_factory.mktemp("cdk"))
    around = cdk.Stack(app, "Around")
    stack = NotificationsStack(
        app,
        "Notifications",
        event_bus=events.EventBus(around, "Bus"),
        notifications_table=dynamodb.TableV2(
            around, "Table", partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
        ),
        operators_topic=sns.Topic(around, "Operators"),
        settings=dataclasses.replace(example_configuration().prod.service, operators_email="people@example.com"),
    )
    found = StackTemplate.from_stack(stack).find_resources("AWS::SNS::Subscription").values()
    (properties,) = (each["Properties"] for each in found if each["Properties"]["Protocol"] == "email")
    return dict(properties)


@pytest.fixture
def mailbox(mail_subscription: dict[str, Any]) -> Iterator[Any]:
    """A queue, subscribed to a topic with the filter of the mail: call it with an event, it says whether it came."""
    with mock_aws():
        topic_arn = boto3.client("sns").create_topic(Name="cars")["TopicArn"]
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="mail")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        boto3.client("sns").subscribe(
            TopicArn=topic_arn,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={
                "FilterPolicy": json.dumps(mail_subscription["FilterPolicy"]),
                "FilterPolicyScope": mail_subscription["FilterPolicyScope"],
            },
        )

        def is_mailed(**detail: Any) -> bool:
            message = json.loads(load_event("sns")["Records"][0]["Sns"]["Message"])
            message["detail"].update(detail)
            boto3.client("sns").publish(TopicArn=topic_arn, Message=json.dumps(message))
            return bool(sqs.receive_message(QueueUrl=url).get("Messages"))

        yield is_mailed


def test_operators_are_mailed_when_the_settings_name_them(mail_subscription: dict[str, Any]) -> None:
    assert mail_subscription["Endpoint"] == "people@example.com"


@pytest.mark.parametrize(
    ("status", "synthetic", "mailed"),
    [
        ("InMaintenance", False, True),
        ("OutOfService", False, True),
        ("InCourse", False, False),
        ("Available", False, False),
        ("InMaintenance", True, False),
        ("OutOfService", True, False),
    ],
)
def test_mailed_is_what_happens_to_a_real_car_that_cannot_drive(
    status: str, synthetic: bool, mailed: bool, mailbox: Any
) -> None:
    car = json.loads(load_event("sns")["Records"][0]["Sns"]["Message"])["detail"]["car"]

    assert mailbox(car={**car, "status": status}, synthetic=synthetic) is mailed


def test_nobody_is_mailed_when_the_settings_name_nobody(assembly: Assembly) -> None:
    found = assembly.stage_template("Prod", "Notifications").of_type("AWS::SNS::Subscription").values()

    assert {each["Properties"]["Protocol"] for each in found} == {"lambda"}
