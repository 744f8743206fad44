"""Writes the JSON Schema of the events to docs/events: `python -m service.event_schema`, or `make schema`.

The schema is the contract with subscribers: every event validates against it, and may hold more than it names. A test
refuses a schema that breaks what was released (tests/compatibility). Nothing in Lambda imports this.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from service.cars.events import VERSION, CarEventDetail, CarEventType

SCHEMA_FILE = Path(__file__).parent.parent / "docs" / "events" / f"car-event-{VERSION}.json"

NOT_YET_PROMISED = frozenset({"occurred_at", "sequence", "correlation_id", "synthetic", "position_at"})
"""Fields that every event has from this version on, and those of the released one, which runs beside it, have not.

A subscriber cannot rely on them yet. Take a name out of here once `make released` shows that they are sent."""


class _AsSent(GenerateJsonSchema):
    """Events are always sent with every field, those with a default too: all of them are promised."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True


def event_schema() -> dict[str, Any]:
    """The schema of an event's detail, the same for every type of event."""
    schema = CarEventDetail.model_json_schema(mode="serialization", schema_generator=_AsSent)
    for part in (schema, *schema["$defs"].values()):
        if "required" in part:
            part["required"] = [name for name in part["required"] if name not in NOT_YET_PROMISED]
        for described in (part, *part.get("properties", {}).values()):
            described.pop("title", None)
            described.pop("default", None)  # one of ours, when a car is created: nothing that a subscriber gets
    schema["$defs"]["Car"].pop("description", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"The detail of {', '.join(kind.value for kind in CarEventType)}, version {VERSION}",
        **schema,
        "description": "What the bus `cars` carries. More fields may come at any time; see docs/events/README.md.",
    }


def schema_text() -> str:
    return json.dumps(event_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text())
