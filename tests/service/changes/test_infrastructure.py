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


def failure_queue(template: Template, output: str) -> str:
    """The queue whose URL the output gives: by it redrive finds the queue, and what it holds."""
    return str(template.outputs[output]["Value"]["Ref"])


def test_what_cannot_be_sent_waits_in_a_queue(template: Template) -> None:
    mapping = template.only("AWS::Lambda::EventSourceMapping")
    undelivered = failure_queue(template, "UndeliveredStreamFailuresUrl")

    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [undelivered, "Arn"]}


@pytest.mark.parametrize(
    ("what", "output"),
    [
        ("changes-undelivered", "UndeliveredStreamFailuresUrl"),
        ("changes-set-aside", "SetAsideChangeFailuresUrl"),
    ],
)
def test_each_failure_queue_is_kept_for_two_weeks_and_has_its_alarm(what: str, output: str, template: Template) -> None:
    queue = failure_queue(template, output)
    (alarm,) = [
        found["Properties"]
        for found in template.of_type("AWS::CloudWatch::Alarm").values()
        if found["Properties"].get("AlarmName", "").endswith(f"-{what}")
    ]

    assert template.resources[queue]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    assert alarm["TreatMissingData"] == "ignore"  # an idle queue sends no metrics
    assert alarm["AlarmActions"]


def test_function_may_send_to_this_bus_and_these_queues_and_read_this_stream(template: Template) -> None:
    (bus,) = template.of_type("AWS::Events::EventBus")
    (function,) = (
        found
        for found in template.of_type("AWS::Lambda::Function").values()
        if found["Properties"]["Handler"] == "service.changes.runtime.handler.handle"
    )
    statements = template.statements_of(function["Properties"]["Role"]["Fn::GetAtt"][0])
    allowed = {action: found["Resource"] for found in statements for action in found["Action"]}
    to_queues = {
        (action, found["Resource"]["Fn::GetAtt"][0])
        for found in statements
        for action in found["Action"]
        if action.startswith("sqs:")
    }
    undelivered, set_aside = (
        failure_queue(template, f"{name}FailuresUrl") for name in ("UndeliveredStream", "SetAsideChange")
    )

    assert template.only("AWS::Events::EventBus")["Name"] == "cars"
    assert allowed["events:PutEvents"] == {"Fn::GetAtt": [bus, "Arn"]}
    assert ("sqs:SendMessage", undelivered) in to_queues  # Lambda sends there as the function
    assert {action for action, queue in to_queues if queue == set_aside} == {"sqs:SendMessage"}
    assert {queue for _, queue in to_queues} == {undelivered, set_aside}
    assert "StreamArn" in allowed["dynamodb:GetRecords"]["Fn::GetStackOutput"]["OutputName"]
    assert function["Properties"]["Environment"]["Variables"] == {
        "EVENT_BUS_NAME": {"Ref": bus},
        "SET_ASIDE_QUEUE_URL": {"Ref": set_aside},
    }


def test_version_that_sets_aside_more_than_the_old_one_is_stopped_by_its_canary(template: Template) -> None:
    """To set a record aside is no error: without this alarm, a version that can read no car would be released."""
    (alarm,) = (
        name for name in template.of_type("AWS::CloudWatch::Alarm") if name.startswith("RefusalsAgainstBaseline")
    )

    watched = template.only("AWS::CodeDeploy::DeploymentGroup")["AlarmConfiguration"]["Alarms"]
    assert {"Name": {"Ref": alarm}} in watched


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
