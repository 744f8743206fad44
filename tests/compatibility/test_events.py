"""What subscribers of the bus were promised, in docs/events: it is what is sent, and it is never broken."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from service import event_schema
from service.cars.events import VERSION
from service.changes.runtime.stream_record import car_event
from tests.compatibility.breaking_changes import breaking_changes
from tests.compatibility.version import RELEASED, edge_values
from tests.service.conftest import load_event

HOW_TO_BREAK = """
The released schema {file} promises subscribers what the new one breaks:
  {found}
Leave the version as it is. To release a break, send another version side by side, under docs/runbook/release.md,
"Changing an event": both versions of every event until no subscriber needs the old one.
"""


def promised() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(event_schema.SCHEMA_FILE.read_text())
    return schema


def test_schema_in_the_repository_is_that_of_the_code() -> None:
    committed = event_schema.SCHEMA_FILE.read_text()
    assert committed == event_schema.schema_text(), (
        "the events have changed: run `make schema`, and commit what it says"
    )


def test_nothing_breaks_what_a_released_version_promised() -> None:
    released = sorted((RELEASED / "events").glob("*.json"))
    assert released
    for file in released:
        current = event_schema.SCHEMA_FILE.parent / file.name
        assert current.exists(), f"{file.name} was released: its schema has to stay as long as anyone reads its events"
        found = breaking_changes(json.loads(file.read_text()), json.loads(current.read_text()))
        assert not found, HOW_TO_BREAK.format(file=file.name, found="\n  ".join(found))


@pytest.mark.parametrize("record", load_event("dynamodb-stream")["Records"], ids=lambda record: record["eventName"])
def test_event_that_is_sent_is_as_promised(record: dict[str, Any]) -> None:
    detail = json.loads(json.dumps(car_event(record).detail()))

    jsonschema_rs.validator_for(promised(), validate_formats=True).validate(detail)
    assert detail["version"] == VERSION
    assert promised()["properties"].keys() == detail.keys()
    assert promised()["$defs"]["Car"]["properties"].keys() == detail["car"].keys()


def test_event_of_a_write_that_mends_a_car_is_as_promised() -> None:
    record = load_event("dynamodb-stream")["Records"][1]
    del record["dynamodb"]["OldImage"]["model"]

    detail = json.loads(json.dumps(car_event(record).detail()))

    jsonschema_rs.validator_for(promised(), validate_formats=True).validate(detail)
    assert detail["previous"] is None


def test_what_is_not_as_promised_is_found() -> None:
    """The validator would see it: a test of the test above."""
    validator = jsonschema_rs.validator_for(promised(), validate_formats=True)
    detail = car_event(load_event("dynamodb-stream")["Records"][1]).detail()

    for name in promised()["required"]:
        assert not validator.is_valid({key: value for key, value in detail.items() if key != name}), name
    assert not validator.is_valid({**detail, "occurred_at": "yesterday"})
    assert not validator.is_valid({**detail, "car": {**detail["car"], "status": "Lost"}})


def test_fields_that_are_not_yet_promised_are_fields() -> None:
    """A name stays in the list only while the released version does not send it."""
    schema = promised()
    fields = schema["properties"].keys() | schema["$defs"]["Car"]["properties"].keys()
    released = json.loads((RELEASED / "events" / event_schema.SCHEMA_FILE.name).read_text())
    sent = released["properties"].keys() | released["$defs"]["Car"]["properties"].keys()
    for name in event_schema.NOT_YET_PROMISED & fields:
        assert name not in sent, f"{name} is sent by the released version too: take it out of NOT_YET_PROMISED"


def test_edge_values_are_the_limits_of_each_property() -> None:
    assert edge_values(
        {
            "properties": {
                "year": {"type": "integer", "minimum": 1886, "maximum": 2100},
                "status": {"$ref": "#/$defs/Status"},
                "latitude": {"anyOf": [{"type": "number", "minimum": -90, "maximum": 90}, {"type": "null"}]},
            },
            "$defs": {"Status": {"enum": ["Available", "InCourse"]}},
        }
    ) == {"year": [1886, 2100], "status": ["Available", "InCourse"], "latitude": [-90, 90, None]}
