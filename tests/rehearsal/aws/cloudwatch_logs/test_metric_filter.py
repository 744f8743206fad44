from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.cloudwatch_logs.metric_filter import parse_metric_filter


def properties(pattern: str, **transformation: Any) -> dict[str, Any]:
    given = {"MetricName": "Errors", "MetricNamespace": "App", "MetricValue": "1", **transformation}
    return {"FilterPattern": pattern, "LogGroupName": "group", "MetricTransformations": [given]}


def test_event_that_matches_has_the_literal_value() -> None:
    measured = parse_metric_filter(properties("ERROR", MetricValue="2")).measure("an ERROR")

    assert measured is not None
    assert (measured.value, measured.dimensions) == (2.0, {})


def test_event_that_does_not_match_has_none() -> None:
    assert parse_metric_filter(properties("ERROR")).measure("all is well") is None


def test_value_and_dimensions_are_those_that_the_event_has() -> None:
    dimensions = [{"Key": "Path", "Value": "$.path"}]
    metric_filter = parse_metric_filter(
        properties("{ $.latency = * }", MetricValue="$.latency", Dimensions=dimensions, Unit="Milliseconds")
    )

    measured = metric_filter.measure(json.dumps({"latency": 12.5, "path": "/cars"}))

    assert measured is not None
    assert (measured.value, measured.dimensions, metric_filter.unit) == (12.5, {"Path": "/cars"}, "Milliseconds")


@pytest.mark.parametrize("event", [{"latency": "slow", "path": "/"}, {"latency": 1}])
def test_event_without_a_number_or_a_dimension_has_no_value(event: dict[str, Any]) -> None:
    dimensions = [{"Key": "Path", "Value": "$.path"}]
    metric_filter = parse_metric_filter(properties("{ $.latency = * }", MetricValue="$.latency", Dimensions=dimensions))

    measured = metric_filter.measure(json.dumps(event))

    assert measured is not None
    assert measured.value is None


def test_field_of_a_space_delimited_event_is_a_value() -> None:
    metric_filter = parse_metric_filter(properties("[..., bytes]", MetricValue="$bytes"))

    measured = metric_filter.measure("GET / 1534")

    assert measured is not None
    assert measured.value == 1534.0


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (properties("{ $.a"), "ends with"),
        (properties("", MetricValue="one"), "neither a number nor a selector"),
        (properties("ERROR", Dimensions=[{"Key": "A", "Value": "$.a"}]), "Dimensions need"),
        (properties("{ $.a = 1 }", Dimensions=[{"Key": "A", "Value": "$.a"}], DefaultValue=0), "together"),
        (properties("{ $.a = 1 }", Dimensions=[{"Key": k, "Value": "$.a"} for k in "ABCD"]), "at most 3"),
        (properties("", Colour="red"), "MetricTransformations.Colour"),
        (properties("") | {"EmitSystemFieldDimensions": ["@aws.account"]}, "EmitSystemFieldDimensions"),
        (properties("") | {"ApplyOnTransformedLogs": "true"}, "ApplyOnTransformedLogs"),
        (properties("") | {"MetricTransformations": []}, "one transformation"),
        (properties("") | {"MetricTransformations": [5]}, "an object"),
        (properties("") | {"MetricTransformations": [{"MetricName": "a"}]}, "needs MetricNamespace, MetricValue"),
    ],
)
def test_filter_that_is_not_understood_is_refused_with_a_reason(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_metric_filter(given)
