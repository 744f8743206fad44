from __future__ import annotations

import json
import re

import pytest

from service.cars.car import CAR_ID_PATTERN, REPORTED_ATTRIBUTES, SYNTHETIC_PREFIXES
from tests.assembly import Assembly, Template
from tests.service.template_graph import references


@pytest.fixture(params=["Staging", "Prod"])
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(stage: str, assembly: Assembly) -> Template:
    return assembly.stage_template(stage, "Telemetry")


def function_of(template: Template) -> tuple[str, dict[str, object]]:
    """The logical id and properties of the unit's own function; the others are its release's."""
    (found,) = [
        (name, declared["Properties"])
        for name, declared in template.of_type("AWS::Lambda::Function").items()
        if declared["Properties"]["Handler"] == "service.telemetry.runtime.handler.handle"
    ]
    return found


def failure_queue(template: Template, output: str) -> str:
    """The queue whose URL the output gives."""
    return str(template.outputs[output]["Value"]["Ref"])


def test_stream_is_encrypted_and_as_large_as_it_is_paid_for(template: Template, stage: str) -> None:
    stream = template.only("AWS::Kinesis::Stream")

    assert stream["Name"] == f"cars-{stage.lower()}-telemetry"
    assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    assert (stream["StreamModeDetails"], stream["ShardCount"]) == ({"StreamMode": "PROVISIONED"}, 1)


def test_no_record_blocks_its_shard_nor_is_lost(template: Template) -> None:
    mapping = template.only("AWS::Lambda::EventSourceMapping")
    (stream,) = template.of_type("AWS::Kinesis::Stream")
    (alias,) = template.of_type("AWS::Lambda::Alias")

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [stream, "Arn"]}
    assert references(mapping["FunctionName"], set(template.resources)) == {alias}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BatchSize"] == 100
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["ParallelizationFactor"] == 2
    assert mapping["MaximumRetryAttempts"] == 20
    undelivered = failure_queue(template, "UndeliveredStreamFailuresUrl")
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [undelivered, "Arn"]}


def test_what_was_given_up_can_still_be_read_from_the_stream_for_most_of_a_day(template: Template) -> None:
    age_hours = template.only("AWS::Lambda::EventSourceMapping")["MaximumRecordAgeInSeconds"] / 3600
    retention_hours = template.only("AWS::Kinesis::Stream")["RetentionPeriodHours"]

    assert (age_hours, retention_hours) == (1, 24)


def test_function_may_write_positions_and_nothing_else_of_a_car(template: Template) -> None:
    _, function = function_of(template)
    role = function["Role"]["Fn::GetAtt"][0]  # type: ignore[index]
    statements = template.statements_of(role)
    (on_table,) = [found for found in statements if any(action.startswith("dynamodb:") for action in found["Action"])]

    assert on_table["Action"] == ["dynamodb:UpdateItem"]
    assert "CarsTable" in on_table["Resource"]["Fn::GetStackOutput"]["OutputName"]
    assert on_table["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["car_id", *REPORTED_ATTRIBUTES]},
        "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "ALL_OLD"]},
    }


def test_function_may_read_this_stream_and_send_to_its_failure_queues(template: Template) -> None:
    _, function = function_of(template)
    statements = template.statements_of(function["Role"]["Fn::GetAtt"][0])  # type: ignore[index]
    (stream,) = template.of_type("AWS::Kinesis::Stream")
    reads = [found["Resource"] for found in statements if "kinesis:GetRecords" in found["Action"]]
    sends = [found["Resource"]["Fn::GetAtt"][0] for found in statements if "sqs:SendMessage" in found["Action"]]

    assert reads == [{"Fn::GetAtt": [stream, "Arn"]}]
    set_aside = failure_queue(template, "SetAsideRecordFailuresUrl")
    assert set(sends) == {failure_queue(template, "UndeliveredStreamFailuresUrl"), set_aside}
    assert function["Environment"]["Variables"]["SET_ASIDE_QUEUE_URL"] == {"Ref": set_aside}  # type: ignore[index]
    written = {action for found in statements for action in found["Action"] if action.startswith("kinesis:Put")}
    assert written == set()


def test_producers_may_put_records_and_no_more(template: Template) -> None:
    policy = template.only("AWS::IAM::ManagedPolicy")
    (stream,) = template.of_type("AWS::Kinesis::Stream")
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement["Action"] == ["kinesis:PutRecord", "kinesis:PutRecords"]
    assert statement["Resource"] == {"Fn::GetAtt": [stream, "Arn"]}
    (policy_id,) = template.of_type("AWS::IAM::ManagedPolicy")
    assert template.outputs["ProducerPolicyArn"]["Value"] == {"Ref": policy_id}


@pytest.mark.parametrize(
    ("what", "watched"),
    [
        ("telemetry-undelivered", "UndeliveredStreamFailuresUrl"),
        ("telemetry-set-aside", "SetAsideRecordFailuresUrl"),
    ],
)
def test_each_failure_queue_has_its_alarm(what: str, watched: str, template: Template, stage: str) -> None:
    (alarm,) = [
        found["Properties"]
        for found in template.of_type("AWS::CloudWatch::Alarm").values()
        if found["Properties"].get("AlarmName") == f"cars-{stage.lower()}-{what}"
    ]

    queue = failure_queue(template, watched)
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)


def test_new_version_is_exercised_with_a_report_of_no_real_car(template: Template) -> None:
    (sample,) = [
        json.loads(found["Properties"]["Environment"]["Variables"]["SAMPLE_EVENT"])
        for found in template.of_type("AWS::Lambda::Function").values()
        if "SAMPLE_EVENT" in found["Properties"]["Environment"]["Variables"]
    ]

    car_id = sample["Records"][0]["kinesis"]["partitionKey"]
    assert car_id.startswith(SYNTHETIC_PREFIXES)
    assert re.fullmatch(CAR_ID_PATTERN, car_id)
