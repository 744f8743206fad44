from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.eventbridge.rule_problems import unsupported


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ({"Input": "not json"}, "Input is not a valid JSON text"),
        ({"InputPath": "$..id"}, "InputPath is not in the syntax"),
        ({"Input": "{}", "InputPath": "$.detail"}, "Input and InputPath are given"),
        ({"InputTransformer": {"InputPathsMap": {"a": "$.a[?(@.b)]"}, "InputTemplate": "<a>"}}, "The path of <a>"),
        ({"InputTransformer": {"InputTemplate": '{"a": <unknown>}'}}, "contains invalid placeholder unknown."),
        ({"InputTransformer": {"InputPathsMap": {"aws.x": "$.a"}, "InputTemplate": "<aws.x>"}}, "are reserved"),
        (
            {"InputTransformer": {"InputPathsMap": {f"v{i}": "$.a" for i in range(101)}, "InputTemplate": "<v0>"}},
            "101 variables",
        ),
        ({"Input": '"' + "x" * 8191 + '"'}, "Input has 8193 characters"),
    ],
)
def test_what_eventbridge_refuses_or_does_not_document_is_named(target: dict[str, Any], problem: str) -> None:
    (found,) = unsupported({"Targets": [{"Id": "T0", "Arn": "a", **target}]})

    assert found.startswith("Target T0: ")
    assert problem in found


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"Targets": {"Fn::If": ["c", [], []]}},
        {"Targets": [{"Id": "T", "Arn": "a", "Input": {"Fn::Join": ["", ["{"]]}}]},
        {"Targets": [{"Id": "T", "Arn": "a", "InputTransformer": {"Fn::If": ["c", {}, {}]}}]},
        {
            "Targets": [
                {
                    "Id": "T",
                    "Arn": "a",
                    "InputTransformer": {
                        "InputPathsMap": {"x": "$.detail.items[0].id"},
                        "InputTemplate": '{"x": <x>, "e": <aws.events.event.json>}',
                    },
                }
            ]
        },
    ],
)
def test_a_rule_without_a_problem_has_none(properties: dict[str, Any]) -> None:
    assert unsupported(properties) == []
