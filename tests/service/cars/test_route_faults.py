"""Calls and faults by route and version, as the function sends them: a line of its log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.cars import route_faults
from tests.service.conftest import FakeContext

ROUTE = "GET /cars/{car_id}"


def sent(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_call_that_goes_well_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with route_faults.counted(ROUTE, FakeContext()):
        pass

    (line,) = sent(capsys)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "AutonomousCarManager",
        "Dimensions": [["FunctionName", "Route"], ["FunctionName", "Route", "ExecutedVersion"]],
        "Metrics": [{"Name": "Faults", "Unit": "Count"}],
    }
    assert (line["FunctionName"], line["Route"], line["ExecutedVersion"]) == ("cars", ROUTE, "7")
    assert line["Faults"] == [0]


def test_call_that_raises_is_a_fault_and_still_raises(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="no such table"), route_faults.counted(ROUTE, FakeContext()):
        raise RuntimeError("no such table")

    (line,) = sent(capsys)
    assert line["Faults"] == [1]


def test_call_of_the_version_itself_is_a_hooks_and_counts_for_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    context = FakeContext()
    context._invoked_function_arn = "arn:aws:lambda:eu-west-1:222222222222:function:cars:7"

    with route_faults.counted(ROUTE, context):
        pass

    assert sent(capsys) == []


def test_dimensions_that_are_sent_are_those_that_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with route_faults.counted(ROUTE, FakeContext()):
        pass

    (line,) = sent(capsys)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    found = [{name: line[name] for name in names} for names in directive["Dimensions"]]
    assert found == [route_faults.dimensions("cars", ROUTE), route_faults.dimensions("cars", ROUTE, version="7")]
