from __future__ import annotations

import dataclasses
import inspect
import json
from typing import Any

import pytest

from rehearsal import run_events
from rehearsal.page.event_json import event_json, event_of
from rehearsal.run_events import (
    ActionShape,
    AlarmEvaluated,
    DeploymentEnded,
    ExecutionStarted,
    PipelineDefined,
    RunEvent,
    StageShape,
    Status,
)

EVENTS = [
    kind
    for _, kind in inspect.getmembers(run_events, inspect.isclass)
    if issubclass(kind, RunEvent) and kind is not RunEvent
]


def _example(kind: type[RunEvent]) -> RunEvent:
    values: dict[str, Any] = {
        field.name: Status.FAILED if field.name == "status" else ()
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return kind(**values, at=1.5, aws_at=60.0)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_is_the_same_after_json(kind: type[RunEvent]) -> None:
    event = _example(kind)

    content = json.loads(event_json(event, 7))

    assert (content["schema"], content["seq"], content["type"]) == (1, 7, kind.__name__)
    assert event_of(content) == event


def test_nested_values_are_the_same_after_json() -> None:
    defined = PipelineDefined(
        pipeline="p", version=2, stages=(StageShape("Build", (ActionShape("Synth", "CodeBuild", "Build", 1),)),)
    )
    ended = DeploymentEnded(
        deployment_id="d", account="1", function="f", from_version="1", to_version="2", status=Status.SUCCEEDED,
        shift=((0.0, 10.0), (300.0, 100.0)),
    )  # fmt: skip
    started = ExecutionStarted(execution_id="e", pipeline="p", commit="c", trigger="t", stages=("Source", "Build"))

    for event in (defined, ended, started):
        assert event_of(json.loads(event_json(event, 1))) == event


def test_json_is_one_line_whatever_is_in_it() -> None:
    event = run_events.Notice(text="a\nb\u2028c", detail='"')

    assert "\n" not in event_json(event, 1)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"schema": 2, "type": "Notice", "text": "x"},
        {"schema": 1, "type": "Nothing"},
        {"schema": 1, "type": "Notice"},
    ],
)
def test_what_is_no_event_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no event of this version|lacks something"):
        event_of(content)


def test_no_event_has_a_field_that_the_head_of_its_json_has() -> None:
    for kind in EVENTS:
        assert {"type", "seq", "schema"}.isdisjoint(field.name for field in dataclasses.fields(kind)), kind


def test_numbers_and_characters_that_json_does_not_have_are_replaced() -> None:
    event = AlarmEvaluated(
        account="1", alarm="half an emoji \ud83d", value=float("nan"), threshold=float("inf"), comparison="", state="OK"
    )

    text = event_json(event, 1)

    assert text.encode()
    content = json.loads(text, parse_constant=pytest.fail)
    assert (content["alarm"], content["value"], content["threshold"]) == ("half an emoji ?", None, None)
