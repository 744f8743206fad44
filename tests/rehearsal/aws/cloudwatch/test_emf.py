"""Metrics in log lines: the embedded metric format."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.aws.cloudwatch.emf import EmfMetric, parse_emf

# As Powertools writes it.
LINE: dict[str, Any] = {
    "_aws": {
        "Timestamp": 1_800_000_000_500,
        "CloudWatchMetrics": [
            {
                "Namespace": "Cars",
                "Dimensions": [["service"], ["service", "version"]],
                "Metrics": [{"Name": "CarCreated", "Unit": "Count"}, {"Name": "Latency", "Unit": "Milliseconds"}],
            }
        ],
    },
    "service": "api",
    "version": "7",
    "CarCreated": [1.0, 1.0],
    "Latency": 12,
}


def _changed(**changes: object) -> dict[str, Any]:
    return {**LINE, **changes}


def test_every_metric_is_found_in_every_dimension_set() -> None:
    assert parse_emf(json.dumps(LINE)) == [
        EmfMetric("Cars", "CarCreated", {"service": "api"}, (1.0, 1.0), "Count", 1_800_000_000.5),
        EmfMetric("Cars", "CarCreated", {"service": "api", "version": "7"}, (1.0, 1.0), "Count", 1_800_000_000.5),
        EmfMetric("Cars", "Latency", {"service": "api"}, (12.0,), "Milliseconds", 1_800_000_000.5),
        EmfMetric("Cars", "Latency", {"service": "api", "version": "7"}, (12.0,), "Milliseconds", 1_800_000_000.5),
    ]
    assert parse_emf(LINE) == parse_emf(json.dumps(LINE))


def test_metric_without_dimensions_is_found() -> None:
    line = {
        "_aws": {"Timestamp": 0, "CloudWatchMetrics": [{"Namespace": "Cars", "Metrics": [{"Name": "Alive"}]}]},
        "Alive": 1,
    }

    assert parse_emf(line) == [EmfMetric("Cars", "Alive", {}, (1.0,), None, 0.0)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (_changed(CarCreated="one"), ["Latency", "Latency"]),
        (_changed(CarCreated=True), ["Latency", "Latency"]),
        (_changed(CarCreated=[1.0] * 101), ["Latency", "Latency"]),
        (_changed(version=7), ["CarCreated", "Latency"]),
        (_changed(CarCreated=None, Latency=None), []),
    ],
)
def test_what_the_specification_says_to_ignore_is_ignored(line: dict[str, Any], found: list[str]) -> None:
    assert [metric.name for metric in parse_emf(line)] == found


@pytest.mark.parametrize(
    "line", ["", "START RequestId: 1", "{", '{"level": "INFO"}', '["_aws"]', '{"_aws": {}}', '{"_aws": 1}', '"_aws']
)
def test_other_log_lines_have_no_metrics(line: str) -> None:
    assert parse_emf(line) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values, json_values)
def test_no_shape_of_a_line_breaks_the_reader(metrics: object, dimensions: object, value: object) -> None:
    directive = {"Namespace": "Cars", "Dimensions": dimensions, "Metrics": metrics}

    for metric in parse_emf({"_aws": {"CloudWatchMetrics": [directive, metrics]}, "a": value}):
        assert metric.values
