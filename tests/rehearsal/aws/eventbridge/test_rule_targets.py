from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.eventbridge.rule_targets import MatchedEvent, matched_event, with_own_delivery

DELIVERY = "arn:aws:lambda:eu-west-1:222222222222:function:delivery"
TOPIC = "arn:aws:sns:eu-west-1:222222222222:cars"
RESOURCES = {
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Live": {"Type": "AWS::Lambda::Alias"},
    "Machine": {"Type": "AWS::StepFunctions::StateMachine"},
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
        ' "MaximumEventAgeInSeconds": "3600"}, "rule": <aws.events.rule-arn>, "event": <aws.events.event.json>}'
    )


@pytest.mark.parametrize(
    ("given", "paths", "payload"),
    [
        ({"Input": '{"n": 1}'}, None, '{"n": 1}'),
        ({"InputPath": "$.detail"}, {"RehearsalPayload": "$.detail"}, "<RehearsalPayload>"),
        (
            {"InputTransformer": {"InputPathsMap": {"car": "$.detail.car"}, "InputTemplate": '{"car": <car>}'}},
            {"car": "$.detail.car"},
            '{"car": <car>}',
        ),
    ],
)
def test_the_emulator_goes_on_making_a_targets_input(
    given: dict[str, Any], paths: dict[str, str] | None, payload: str
) -> None:
    target = rewritten(Arn=TOPIC, **given)

    assert target["InputTransformer"].get("InputPathsMap") == paths
    assert template_of(target).endswith(f', "payload": {payload}}}')


@pytest.mark.parametrize(
    "target",
    [
        {"Arn": {"Ref": "Machine"}, "RoleArn": "role"},
        {"Arn": {"Ref": "Machine"}},
        {"Arn": "arn:aws:events:eu-west-1:222222222222:event-bus/other"},
        {"Arn": TOPIC, "SqsParameters": {"MessageGroupId": "g"}},
        {"Arn": TOPIC, "InputTransformer": {"InputTemplate": "plain text <car>", "InputPathsMap": {"car": "$.c"}}},
        {"Arn": TOPIC, "Input": {"Fn::Join": ["", ["{", "}"]]}},
    ],
)
def test_any_other_target_stays_the_emulators(target: dict[str, Any]) -> None:
    assert rewritten(**target) == {"Id": "Target0", **target}


@pytest.mark.parametrize("arn", [TOPIC, {"Ref": "Topic"}, {"Fn::GetAtt": ["Live", "Arn"]}, {"Fn::ImportValue": "x"}])
def test_a_topic_a_function_and_what_another_stack_has_are_delivered_here(arn: Any) -> None:
    assert rewritten(Arn=arn)["Arn"] == DELIVERY


def test_what_the_emulator_hands_over_is_read_back() -> None:
    rule = "arn:aws:events:eu-west-1:222222222222:rule/cars/updated"
    message = {
        "RehearsalTarget": {"Arn": TOPIC, "DeadLetterArn": "dead", "MaximumRetryAttempts": "3"},
        "rule": rule,
        "event": {"detail": {"car": 1}},
        "payload": {"car": 1},
    }

    assert matched_event(message) == MatchedEvent(
        rule, TOPIC, "dead", 3, 86400.0, '{"detail": {"car": 1}}', '{"car": 1}'
    )
    bare = {"RehearsalTarget": {"Arn": TOPIC}, "rule": rule, "event": {}}
    assert matched_event(bare) == MatchedEvent(rule, TOPIC, "", 185, 86400.0, "{}", "{}")
    assert matched_event({"RequestType": "Create"}) is None
