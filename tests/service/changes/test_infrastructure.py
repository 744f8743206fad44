from __future__ import annotations

import pytest

from service.cars.events import SOURCE
from tests.assembly import Assembly, Template


@pytest.fixture(params=["Staging", "Prod"])
def template(request: pytest.FixtureRequest, assembly: Assembly) -> Template:
    return assembly.stage_template(request.param, "Changes")


def test_no_change_is_lost_between_table_and_bus(template: Template) -> None:
    mapping = template.only("AWS::Lambda::EventSourceMapping")

    assert "StreamArn" in mapping["EventSourceArn"]["Fn::ImportValue"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping.get("MaximumRetryAttempts", -1) == -1  # as often as its age allows
    assert mapping["MaximumRecordAgeInSeconds"] == 12 * 3600  # the stream itself forgets after a day


def test_what_cannot_be_sent_waits_in_a_queue_with_an_alarm(template: Template) -> None:
    (queue,) = template.of_type("AWS::SQS::Queue")
    mapping = template.only("AWS::Lambda::EventSourceMapping")
    alarms = template.of_type("AWS::CloudWatch::Alarm").values()
    (alarm,) = [found["Properties"] for found in alarms if found["Properties"]["Namespace"] == "AWS/SQS"]

    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert template.only("AWS::SQS::Queue")["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]


def test_function_may_send_to_this_bus_and_queue_and_read_this_stream(template: Template) -> None:
    (bus,) = template.of_type("AWS::Events::EventBus")
    (queue,) = template.of_type("AWS::SQS::Queue")
    (function,) = template.of_type("AWS::Lambda::Function").values()
    role = function["Properties"]["Role"]["Fn::GetAtt"][0]
    statements = {action: found["Resource"] for found in template.statements_of(role) for action in found["Action"]}

    assert template.only("AWS::Events::EventBus")["Name"] == "cars"
    assert statements["events:PutEvents"] == {"Fn::GetAtt": [bus, "Arn"]}
    assert statements["sqs:SendMessage"] == {"Fn::GetAtt": [queue, "Arn"]}  # Lambda sends there as the function
    assert "StreamArn" in statements["dynamodb:GetRecords"]["Fn::ImportValue"]
    assert function["Properties"]["Environment"]["Variables"] == {"EVENT_BUS_NAME": {"Ref": bus}}


def test_source_of_the_events_is_the_fleets() -> None:
    assert SOURCE == "acs.acm"
