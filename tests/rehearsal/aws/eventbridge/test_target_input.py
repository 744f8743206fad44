"""The examples of "Amazon EventBridge input transformation", and its common issues."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.eventbridge.target_input import Occasion, TargetInput

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail": {"instance-id": "i-0123456789", "state": "RUNNING"},
}
PATHS = {"timestamp": "$.time", "instance": "$.detail.instance-id", "state": "$.detail.state", "detail": "$.detail"}
RULE = "arn:aws:events:us-east-2:123456789012:rule/example"
RECEIVED = "2015-11-11T21:30:00Z"


def rendered(template: str, *, event: dict[str, Any] = EVENT, paths: dict[str, str] = PATHS) -> str:
    return TargetInput(template=template, paths=paths).render(Occasion(event, RULE, RECEIVED))


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ('"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
        ('"instance \\"<instance>\\" is in <state>"', '"instance \\"i-0123456789\\" is in RUNNING"'),
        ('"<aws.events.rule-name> triggered"', '"example triggered"'),
        ("<instance> is in state <state>", "i-0123456789 is in state RUNNING"),
        # Several lines, each in quotes, are a text.
        ('"<instance> changed"\n"It is <state>."', '"i-0123456789 changed"\n"It is RUNNING."'),
        # Of an object inside a string the quotes are removed.
        ('"Detail is <detail>"', '"Detail is {instance-id:i-0123456789,state:RUNNING}"'),
    ],
)
def test_a_template_makes_a_text(template: str, output: str) -> None:
    assert rendered(template) == output


@pytest.mark.parametrize(
    ("template", "output"),
    [
        (
            '{\n  "instance" : <instance>,\n  "state": <state>\n}',
            {"instance": "i-0123456789", "state": "RUNNING"},
        ),
        (
            '{"instance": <instance>, "state": "<state>", "instanceStatus": "instance \\"<instance>\\" is in <state>"}',
            {
                "instance": "i-0123456789",
                "state": "RUNNING",
                "instanceStatus": 'instance "i-0123456789" is in RUNNING',
            },
        ),
        (
            '{"instance": <instance>, "state": [ 9, <state>, true ], "Transformed": "Yes"}',
            {"instance": "i-0123456789", "state": [9, "RUNNING", True], "Transformed": "Yes"},
        ),
        (
            '{"ruleArn": <aws.events.rule-arn>, "ruleName": <aws.events.rule-name>, "event": <aws.events.event.json>}',
            {"ruleArn": RULE, "ruleName": "example", "event": EVENT},
        ),
        (
            '{"at": <aws.events.event.ingestion-time>, "event": <aws.events.event>}',
            {"at": RECEIVED, "event": {name: value for name, value in EVENT.items() if name != "detail"}},
        ),
        ('{"detail": <detail>}', {"detail": EVENT["detail"]}),
        ('[<instance>, "<timestamp>"]', ["i-0123456789", "2015-11-11T21:29:54Z"]),
    ],
)
def test_a_template_makes_json(template: str, output: Any) -> None:
    assert json.loads(rendered(template)) == output


def test_json_is_minified_but_for_its_strings() -> None:
    assert rendered('{\n  "a  b": <state>,\n  "n": 1.10\n}') == '{"a  b":"RUNNING","n":1.10}'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.detail.items[0].id", 1),
        ("$.detail.items[*].id", [1, 2]),
        ("$.resources[0]", EVENT["resources"][0]),
        ("$['detail']['items'][1]['id']", 2),
        ("$.detail.missing", ""),
        ("$.detail.items[?(@.id==1)]", ""),
    ],
)
def test_indices_and_wildcards_are_found_and_what_is_missing_is_empty(path: str, value: Any) -> None:
    event = {**EVENT, "detail": {"items": [{"id": 1}, {"id": 2}]}}

    assert json.loads(rendered('{"x": <x>}', event=event, paths={"x": path})) == {"x": value}
    if value == "":
        assert rendered('"-<x>-"', event=event, paths={"x": path}) == '"--"'


def test_inside_a_string_nothing_is_escaped_and_as_a_value_of_its_own_it_is() -> None:
    event = {**EVENT, "detail": {"state": 'say "hi"'}}

    assert rendered('{"a": "<state>"}', event=event) == '{"a":"say "hi""}'
    assert json.loads(rendered('{"a": <state>}', event=event)) == {"a": 'say "hi"'}


def test_reserved_variables_cannot_be_given_another_meaning() -> None:
    assert rendered('{"a": <aws.events.rule-name>}', paths={"aws.events.rule-name": "$.id"}) == '{"a":"example"}'


@pytest.mark.parametrize(
    ("made", "output"),
    [
        (TargetInput(), EVENT),
        (TargetInput(text='{"n": 1}'), {"n": 1}),
        (TargetInput(path="$.detail"), EVENT["detail"]),
        (TargetInput(path="$.resources[0]"), EVENT["resources"][0]),
        (TargetInput(path="$.nothing"), None),
    ],
)
def test_the_event_a_constant_or_a_part_is_given(made: TargetInput, output: Any) -> None:
    assert json.loads(made.render(Occasion(EVENT, RULE, RECEIVED))) == output
