from __future__ import annotations

import json

import pytest

from service.cars.events import SOURCE
from tests.assembly import Assembly, Template


@pytest.fixture(params=["Staging", "Prod"])
def template(request: pytest.FixtureRequest, assembly: Assembly) -> Template:
    return assembly.stage_template(request.param, "Changes")


def test_no_change_is_lost_between_table_and_bus(template: Template) -> None:
    mapping = template.only("AWS::Lambda::EventSourceMapping")

    assert "StreamArn" in mapping["EventSourceArn"]["Fn::GetStackOutput"]["OutputName"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping.get("MaximumRetryAttempts", -1) == -1  # as often as its age allows
    assert mapping["MaximumRecordAgeInSeconds"] == 12 * 3600  # the stream itself forgets after a day


def test_what_cannot_be_sent_waits_in_a_queue_with_an_alarm(template: Template) -> None:
    (queue,) = template.of_type("AWS::SQS::Queue")
    mapping = template.only("AWS::Lambda::EventSourceMapping")
    alarms = template.of_type("AWS::CloudWatch::Alarm").values()
    (alarm,) = [found["Properties"] for found in alarms if found["Properties"].get("Namespace") == "AWS/SQS"]

    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert template.only("AWS::SQS::Queue")["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]


def test_function_may_send_to_this_bus_and_queue_and_read_this_stream(template: Template) -> None:
    (bus,) = template.of_type("AWS::Events::EventBus")
    (queue,) = template.of_type("AWS::SQS::Queue")
    (function,) = (
        found
        for found in template.of_type("AWS::Lambda::Function").values()
        if found["Properties"]["Handler"] == "service.changes.runtime.handler.handle"
    )
    role = function["Properties"]["Role"]["Fn::GetAtt"][0]
    statements = {action: found["Resource"] for found in template.statements_of(role) for action in found["Action"]}

    assert template.only("AWS::Events::EventBus")["Name"] == "cars"
    assert statements["events:PutEvents"] == {"Fn::GetAtt": [bus, "Arn"]}
    assert statements["sqs:SendMessage"] == {"Fn::GetAtt": [queue, "Arn"]}  # Lambda sends there as the function
    assert "StreamArn" in statements["dynamodb:GetRecords"]["Fn::GetStackOutput"]["OutputName"]
    assert function["Properties"]["Environment"]["Variables"] == {"EVENT_BUS_NAME": {"Ref": bus}}


def test_source_of_the_events_is_the_fleets() -> None:
    assert SOURCE == "acs.acm"


def test_new_version_gets_the_canary_of_events_after_a_sample(template: Template) -> None:
    (hook,) = (
        found["Properties"]
        for found in template.of_type("AWS::Lambda::Function").values()
        if found["Properties"]["Handler"] == "service.release.runtime.pre_traffic_event.handle"
    )
    variables = hook["Environment"]["Variables"]

    assert json.loads(variables["SAMPLE_EVENT"])["Records"][0]["eventSource"] == "aws:dynamodb"
    assert json.loads(variables["EXPECTED_ANSWER"]) == {"batchItemFailures": []}
    assert sum(len(name) + len(str(value)) for name, value in variables.items()) < 4096  # Lambda's limit
    assert template.only("AWS::CodeDeploy::DeploymentConfig")["TrafficRoutingConfig"]["Type"] == "TimeBasedCanary"
