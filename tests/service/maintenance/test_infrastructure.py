from __future__ import annotations

from typing import Any

import pytest

from tests.assembly import Assembly, Template
from tests.service.template_graph import references


@pytest.fixture(params=["Staging", "Prod"])
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(stage: str, assembly: Assembly) -> Template:
    return assembly.stage_template(stage, "Maintenance")


def queue_of(template: Template) -> tuple[str, dict[str, Any]]:
    """The logical id and properties of the queue that orders are sent to."""
    (found,) = [
        (name, declared["Properties"])
        for name, declared in template.of_type("AWS::SQS::Queue").items()
        if "QueueName" in declared["Properties"]
    ]
    return found


def function_of(template: Template) -> dict[str, Any]:
    (found,) = [
        declared["Properties"]
        for declared in template.of_type("AWS::Lambda::Function").values()
        if declared["Properties"]["Handler"] == "service.maintenance.runtime.handler.handle"
    ]
    return dict(found)


def alarm(template: Template, name: str) -> dict[str, Any]:
    (found,) = [
        declared["Properties"]
        for declared in template.of_type("AWS::CloudWatch::Alarm").values()
        if declared["Properties"].get("AlarmName") == name
    ]
    return dict(found)


def test_order_is_given_out_again_only_when_no_function_can_have_it_any_more(template: Template) -> None:
    _, queue = queue_of(template)

    assert queue["VisibilityTimeout"] >= 6 * function_of(template)["Timeout"]


def test_order_that_fails_five_times_becomes_a_dead_letter_and_an_alarm(template: Template, stage: str) -> None:
    _, queue = queue_of(template)
    dead_letters = template.outputs["DeadLettersQueueFailuresUrl"]["Value"]["Ref"]

    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [dead_letters, "Arn"]},
        "maxReceiveCount": 5,
    }
    assert template.resources[dead_letters]["Properties"]["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]
    failed = alarm(template, f"cars-{stage.lower()}-maintenance-failed")
    assert failed["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [dead_letters, "QueueName"]}}]
    assert (failed["MetricName"], failed["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)


def test_order_that_waits_longer_than_all_attempts_take_is_an_alarm(template: Template, stage: str) -> None:
    queue_id, queue = queue_of(template)
    delayed = alarm(template, f"cars-{stage.lower()}-maintenance-delayed")

    assert delayed["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert delayed["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue_id, "QueueName"]}}]
    assert delayed["Threshold"] > queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]


def test_queue_is_named_and_encrypted_at_rest_and_on_the_way(template: Template, stage: str) -> None:
    queue_id, queue = queue_of(template)
    policies = [found["Properties"] for found in template.of_type("AWS::SQS::QueuePolicy").values()]
    (policy,) = [found for found in policies if found["Queues"] == [{"Ref": queue_id}]]

    assert queue["QueueName"] == f"cars-{stage.lower()}-maintenance"
    assert queue["SqsManagedSseEnabled"] is True
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_messages_fail_one_by_one_and_few_functions_run_at_once(template: Template) -> None:
    mapping = template.only("AWS::Lambda::EventSourceMapping")
    queue_id, _ = queue_of(template)
    (alias,) = template.of_type("AWS::Lambda::Alias")

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [queue_id, "Arn"]}
    assert references(mapping["FunctionName"], set(template.resources)) == {alias}
    assert mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_function_may_read_and_write_orders_and_cars_and_delete_nothing(template: Template) -> None:
    statements = template.statements_of(function_of(template)["Role"]["Fn::GetAtt"][0])
    on_tables = {
        found["Resource"]["Fn::GetStackOutput"]["OutputName"].split("GetAtt")[1][:4]: set(found["Action"])
        for found in statements
        if any(action.startswith("dynamodb:") for action in found["Action"])
    }

    assert on_tables == {
        "Cars": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        "Orde": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
    }


def test_planners_may_send_orders_and_no_more(template: Template) -> None:
    queue_id, _ = queue_of(template)
    (statement,) = template.only("AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]

    assert (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", {"Fn::GetAtt": [queue_id, "Arn"]})
    (policy_id,) = template.of_type("AWS::IAM::ManagedPolicy")
    assert template.outputs["PlannerPolicyArn"]["Value"] == {"Ref": policy_id}
    assert template.outputs["QueueUrl"]["Value"] == {"Ref": queue_id}


def test_sample_of_the_release_is_an_order_of_its_own_for_no_real_car(template: Template) -> None:
    (sample,) = [
        found["Properties"]["Environment"]["Variables"]["SAMPLE_EVENT"]
        for found in template.of_type("AWS::Lambda::Function").values()
        if "SAMPLE_EVENT" in found["Properties"]["Environment"]["Variables"]
    ]

    before, version, after = sample["Fn::Join"][1]
    assert before.endswith(r"{\"order_id\": \"release-")
    assert version["Fn::GetAtt"][1] == "Version"
    assert after.startswith(r"\", \"car_id\": \"release-nowhere\", \"action\": \"start\"}")
