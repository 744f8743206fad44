from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.eventbridge.rule_targets import MatchedEvent, event_id, matched_event, with_own_delivery

DELIVERY = "arn:aws:lambda:eu-west-1:222222222222:function:delivery"
TOPIC = "arn:aws:sns:eu-west-1:222222222222:cars"
RESOURCES = {
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Live": {"Type": "AWS::Lambda::Alias"},
    "Machine": {"Type": "AWS::StepFunctions::StateMachine"},
    "Hub": {"Type": "AWS::Events::EventBus"},
}


def rewritten(**target: Any) -> dict[str, Any]:
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {}, "Targets": [{"Id": "Target0", **target}]}}
    properties = with_own_delivery(rule, RESOURCES, DELIVERY)["Properties"]
    assert properties["EventPattern"] == {}
    (only,) = properties["Targets"]
    return dict(only)


def template_of(target: dict[str, Any]) -> str:
    """The input template, its intrinsics shown as `{logical id}`."""
    _, parts = target["InputTransformer"]["InputTemplate"]["Fn::Join"]
    return "".join(part if isinstance(part, str) else f"{{{next(iter(part.values()))}}}" for part in parts)


def test_a_target_and_all_that_it_says_travel_in_the_input() -> None:
    target = rewritten(
        Arn={"Ref": "Topic"},
        DeadLetterConfig={"Arn": {"Ref": "Queue"}},
        RetryPolicy={"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
    )

    assert (target["Id"], target["Arn"]) == ("Target0", DELIVERY)
    assert template_of(target) == (
        '{"RehearsalTarget": {"Arn": "{Topic}", "DeadLetterArn": "{Queue}", "MaximumRetryAttempts": "3",'
        ' "MaximumEventAgeInSeconds": "3600"}, "rule": <aws.events.rule-arn>, "event": <aws.events.event.json>'
        ', "received": <aws.events.event.ingestion-time>}'
    )


EVENT = {"id": "e-1", "time": "2026-01-01T00:00:00Z", "source": "rehearsal:aws.x", "detail": {"cars": [{"id": "one"}]}}
RULE = "arn:aws:events:eu-west-1:222222222222:rule/cars/updated"


def handed_over(target: dict[str, Any]) -> dict[str, Any]:
    """What the emulator makes of a rewritten target's template."""
    text = template_of(target).replace("<aws.events.rule-arn>", json.dumps(RULE))
    text = text.replace("<aws.events.event.json>", json.dumps(EVENT))
    return dict(json.loads(text.replace("<aws.events.event.ingestion-time>", '"2026-01-01T00:00:09Z"')))


@pytest.mark.parametrize(
    ("given", "payload", "has_to_be_json"),
    [
        ({}, '{"id":"e-1","time":"2026-01-01T00:00:00Z","source":"aws.x","detail":{"cars":[{"id":"one"}]}}', False),
        ({"Input": '{"n": "<aws.events.event>"}'}, '{"n": "<aws.events.event>"}', False),
        ({"InputPath": "$.detail.cars[0]"}, '{"id":"one"}', False),
        ({"InputPath": "$.source"}, '"aws.x"', False),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"car": "$.detail.cars[*].id"},
                    "InputTemplate": '{"car": <car>, "of": "<aws.events.rule-name>"}',
                }
            },
            '{"car":["one"],"of":"updated"}',
            True,
        ),
        ({"InputTransformer": {"InputTemplate": "of <aws.events.rule-name>"}}, "of updated", False),
    ],
)
def test_what_a_target_gets_is_made_of_what_the_emulator_hands_over(
    given: dict[str, Any], payload: str, has_to_be_json: bool
) -> None:
    matched = matched_event(handed_over(rewritten(Arn=TOPIC, **given)))

    assert matched is not None
    assert (matched.payload, matched.has_to_be_json) == (payload, has_to_be_json)


def test_a_text_that_cloudformation_has_yet_to_put_together_travels_too() -> None:
    text = {"Fn::Join": ["", ['{"queue": "', {"Ref": "Queue"}, '"}']]}

    _, parts = rewritten(Arn=TOPIC, Input=text)["InputTransformer"]["InputTemplate"]["Fn::Join"]

    assert {"Fn::Base64": text} in parts


def test_the_time_that_its_sender_has_given_is_the_events() -> None:
    target = rewritten(Arn=TOPIC, InputPath="$.time")

    matched = matched_event(handed_over(target), time="2020-02-02T02:02:02Z")

    assert event_id(handed_over(target)) == "e-1"
    assert matched is not None
    assert matched.payload == '"2020-02-02T02:02:02Z"'
    assert json.loads(matched.event)["time"] == "2020-02-02T02:02:02Z"


@pytest.mark.parametrize(
    "target",
    [
        {"Arn": {"Ref": "Machine"}, "RoleArn": "role"},
        {"Arn": {"Ref": "Machine"}},
        {"Arn": "arn:aws:events:eu-west-1:222222222222:event-bus/other"},
        {"Arn": "arn:aws:events:eu-west-1:222222222222:event-bus/other", "RoleArn": "role", "InputPath": "$.detail"},
        {"Arn": {"Fn::ImportValue": "x"}, "RoleArn": "role"},
        {"Arn": TOPIC, "SqsParameters": {"MessageGroupId": "g"}},
        {"Arn": TOPIC, "InputTransformer": {"Fn::If": ["IsProd", {}, {}]}},
    ],
)
def test_any_other_target_stays_the_emulators(target: dict[str, Any]) -> None:
    assert rewritten(**target) == {"Id": "Target0", **target}


BUS = "arn:aws:events:eu-west-1:111111111111:event-bus/hub"


@pytest.mark.parametrize("arn", [BUS, {"Fn::GetAtt": ["Hub", "Arn"]}])
def test_a_bus_with_a_role_is_delivered_to_with_that_role(arn: Any) -> None:
    target = rewritten(Arn=arn, RoleArn={"Fn::GetAtt": ["Role", "Arn"]}, DeadLetterConfig={"Arn": "dead"})

    assert target["Arn"] == DELIVERY
    _, parts = target["InputTransformer"]["InputTemplate"]["Fn::Join"]
    assert parts[parts.index(', "RoleArn": "') + 1] == {"Fn::GetAtt": ["Role", "Arn"]}
    matched = matched_event({"RehearsalTarget": {"Arn": BUS, "RoleArn": "role"}, "rule": RULE, "event": EVENT})
    assert matched is not None
    assert (matched.target_arn, matched.role_arn) == (BUS, "role")


@pytest.mark.parametrize("arn", [TOPIC, {"Ref": "Topic"}, {"Fn::GetAtt": ["Live", "Arn"]}, {"Fn::ImportValue": "x"}])
def test_a_topic_a_function_and_what_another_stack_has_are_delivered_here(arn: Any) -> None:
    assert rewritten(Arn=arn)["Arn"] == DELIVERY


def test_what_the_emulator_hands_over_is_read_back() -> None:
    message = {
        "RehearsalTarget": {"Arn": TOPIC, "DeadLetterArn": "dead", "MaximumRetryAttempts": "3"},
        "rule": RULE,
        "event": {"detail": {"car": 1}},
    }

    text = '{"detail":{"car":1}}'
    assert matched_event(message) == MatchedEvent(RULE, TOPIC, "dead", 3, 86400.0, text, text)
    bare = {"RehearsalTarget": {"Arn": TOPIC}, "rule": RULE, "event": {}}
    assert matched_event(bare) == MatchedEvent(RULE, TOPIC, "", 185, 86400.0, "{}", "{}")
    assert (matched_event({"RequestType": "Create"}), event_id({"RequestType": "Create"})) == (None, "")


@pytest.mark.parametrize("target", [5, {"Id": "without-an-arn"}, {"Arn": TOPIC}])
def test_a_target_that_is_not_whole_stays_as_it_is(target: Any) -> None:
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {}, "Targets": [target]}}

    assert with_own_delivery(rule, RESOURCES, DELIVERY) == rule
