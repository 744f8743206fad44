"""The finder of circles finds them: else every promise that rests on it is empty."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.template_graph import cycle, reachable

Resources = dict[str, dict[str, Any]]


@pytest.mark.parametrize(
    "reference",
    [
        {"Properties": {"A": [{"B": {"Ref": "One"}}]}},
        {"UpdatePolicy": {"X": {"Fn::GetAtt": ["One", "Arn"]}}},
        {"Properties": {"A": {"Fn::GetAtt": "One.Arn"}}},
        {"Properties": {"A": {"Fn::Sub": "a-${One.Arn}"}}},
        {"Properties": {"A": {"Fn::Sub": ["a-${X}", {"X": {"Ref": "One"}}]}}},
        {"DependsOn": "One"},
        {"DependsOn": ["One"]},
    ],
)
def test_circle_is_found_through_every_kind_of_reference(reference: dict[str, Any]) -> None:
    resources: Resources = {
        "One": {"DependsOn": ["Two"]},
        "Two": {"DependsOn": "Three"},
        "Three": reference,
    }

    assert cycle(resources) == ["One", "Two", "Three", "One"]
    assert reachable(resources, "Two") == {"One", "Two", "Three"}


def test_no_circle_is_none() -> None:
    resources: Resources = {
        "One": {"DependsOn": ["Two", "Three"]},
        "Two": {"DependsOn": "Three"},
        "Three": {},
    }

    assert cycle(resources) is None
    assert reachable(resources, "Two") == {"Three"}
