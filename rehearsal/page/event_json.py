"""Events of a run as JSON, as the page and the history read them, and back.

    {"schema": 1, "seq": 17, "type": "StageStarted", "at": 1.5, "aws_at": 60.0, "execution_id": …, "stage": …}

The fields are those of the event's dataclass; tuples are arrays, statuses their words. Numbers that JSON does not have
are null; half a character, as a program leaves it that cuts text off in the middle, is `?`. It must not know what is
told.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from collections.abc import Mapping
from typing import Any

from rehearsal import run_events
from rehearsal.run_events import SCHEMA_VERSION, ActionShape, RunEvent, StageShape, Status

_TYPES: Mapping[str, type[RunEvent]] = {
    name: found
    for name, found in inspect.getmembers(run_events, inspect.isclass)
    if issubclass(found, RunEvent) and found is not RunEvent
}


def event_json(event: RunEvent, seq: int) -> str:
    """One line of JSON; `seq` numbers the events of a journal."""
    head = {"schema": SCHEMA_VERSION, "seq": seq, "type": type(event).__name__, "at": event.at, "aws_at": event.aws_at}
    values = {field.name: _told(getattr(event, field.name)) for field in dataclasses.fields(event)}
    text = json.dumps(head | values, default=dataclasses.asdict, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace").decode()


def event_of(content: Mapping[str, Any]) -> RunEvent:
    """The event that the JSON says. Raises ValueError where it is none of this version's."""
    kind = _TYPES.get(str(content.get("type")))
    if kind is None or content.get("schema") != SCHEMA_VERSION:
        raise ValueError(f"{content.get('type')!r} of schema {content.get('schema')!r} is no event of this version.")
    names = {field.name for field in dataclasses.fields(kind)}
    values = {name: _value(name, value) for name, value in content.items() if name in names}
    try:
        return kind(**values)
    except TypeError as exc:
        raise ValueError(f"{kind.__name__} lacks something: {exc}") from exc


def _told(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _value(name: str, value: Any) -> Any:
    if name == "status":
        return Status(value)
    if name == "stages" and value and isinstance(value[0], Mapping):
        return tuple(StageShape(**{**stage, "actions": _actions(stage["actions"])}) for stage in value)
    if isinstance(value, list):
        return tuple(tuple(item) if isinstance(item, list) else item for item in value)
    return value


def _actions(actions: list[dict[str, Any]]) -> tuple[ActionShape, ...]:
    return tuple(ActionShape(**action) for action in actions)
