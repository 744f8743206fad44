from __future__ import annotations

import pytest

from integ import subscriber
from service.cars.car import E2E_PREFIX
from service.changes.e2e_subscription import SUBSCRIBED_PREFIX
from tests.assembly import Assembly, Template


@pytest.fixture(params=["Staging", "Prod"])
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(stage: str, assembly: Assembly) -> Template:
    return assembly.stage_template(stage, "Changes")


def test_events_of_the_tests_own_cars_and_no_others_come_to_their_queue(template: Template, stage: str) -> None:
    (queue,) = (
        logical_id
        for logical_id, found in template.of_type("AWS::SQS::Queue").items()
        if found["Properties"].get("QueueName") == f"cars-{stage.lower()}-e2e-events"
    )
    rule = template.only("AWS::Events::Rule")

    assert rule["EventPattern"] == {"detail": {"car": {"car_id": [{"prefix": "e2e-events-"}]}}}
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": [queue, "Arn"]}]
    assert template.resources[queue]["Properties"]["MessageRetentionPeriod"] <= 15 * 60


def test_the_rule_alone_may_send_there(template: Template) -> None:
    (rule,) = template.of_type("AWS::Events::Rule")
    (allowed,) = (
        statement
        for found in template.of_type("AWS::SQS::QueuePolicy").values()
        for statement in found["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    )

    assert "sqs:SendMessage" in allowed["Action"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [rule, "Arn"]}}}


def test_tests_and_rule_mean_the_same_cars() -> None:
    assert subscriber.SUBSCRIBED_PREFIX == SUBSCRIBED_PREFIX
    assert SUBSCRIBED_PREFIX.startswith(E2E_PREFIX)  # the rest of the service knows them for what they are
