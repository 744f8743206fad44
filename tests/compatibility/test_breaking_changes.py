"""The checker of event schemas: what breaks a reader is named, what does not is let through."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compatibility.breaking_changes import breaking_changes


def of(properties: dict[str, Any], *, required: Any = (), **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), **more}


STRING, NUMBER, INTEGER, NULL = ({"type": name} for name in ("string", "number", "integer", "null"))
OPTIONAL = {"anyOf": [STRING, NULL]}
TREE = {"$ref": "#/$defs/Tree", "$defs": {"Tree": of({"leaf": STRING, "branch": {"$ref": "#/$defs/Tree"}})}}

BREAKS = [
    (of({"a": STRING}), of({}), "the event.a was removed"),
    (of({"a": STRING}, required=("a",)), of({"a": STRING}), "the event.a is no longer required"),
    (STRING, NUMBER, "the event may be number, and was string"),
    (INTEGER, NUMBER, "the event may be number, and was integer"),
    (STRING, {}, "the event may be of any type, and was string"),
    (STRING, {"type": ["string", "null"]}, "the event may be null, and was string"),
    (STRING, OPTIONAL, "the event may be null, and was string"),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, "the event may be 'b', and was one of 'a'"),
    ({"enum": ["a"]}, {}, "the event may be anything, and was one of 'a'"),
    ({"const": "1.0"}, {"const": "2.0"}, "the event may be '2.0', and was one of '1.0'"),
    ({"enum": [1]}, {"enum": [1, True]}, "the event may be True, and was one of 1"),
    ({"maximum": 20}, {"maximum": 50}, "the event: maximum was 20, and is 50"),
    ({"minimum": 0}, {"minimum": -1}, "the event: minimum was 0, and is -1"),
    ({"maxLength": 100}, {}, "the event: maxLength was 100, and is gone"),
    ({"minLength": 1}, {"minLength": 0}, "the event: minLength was 1, and is 0"),
    ({"format": "date-time"}, {}, "the event: format changed ('date-time' -> None)"),
    ({"pattern": "^a$"}, {"pattern": "^.$"}, "the event: pattern changed"),
    ({"anyOf": [STRING], "minLength": 1}, {"anyOf": [STRING]}, "the event: anyOf beside minLength changed"),
    ({"oneOf": [STRING]}, {"oneOf": [STRING, NUMBER]}, "the event: oneOf changed"),
    ({"type": "array", "items": STRING}, {"type": "array", "items": NUMBER}, "the event[] may be number"),
    ({"type": "array", "items": STRING}, {"type": "array"}, "the event[] may be of any type"),
    (of({}, additionalProperties=False), of({}), "the event may have properties that a reader refuses"),
    (
        of({}, additionalProperties=False),
        of({"a": STRING}, additionalProperties=False),
        "the event.a is new, and a reader refuses it",
    ),
    (of({}, additionalProperties=STRING), of({}, additionalProperties=NUMBER), "the event.* may be number"),
    (of({}, additionalProperties=STRING), of({}), "the event.* may be of any type"),
    (of({"a": OPTIONAL}), of({"a": {"anyOf": [NUMBER, NULL]}}), "the event.a may be number"),
    (
        of({"a": {"$ref": "#/$defs/A"}}, **{"$defs": {"A": of({"b": STRING})}}),
        of({"a": {"$ref": "#/$defs/Other"}}, **{"$defs": {"Other": of({"b": NUMBER})}}),
        "the event.a.b may be number, and was string",
    ),
    (
        TREE,
        {**TREE, "$defs": {"Tree": of({"leaf": NUMBER, "branch": {"$ref": "#/$defs/Tree"}})}},
        "the event.leaf may be number",
    ),
]
SAFE = [
    (of({"a": STRING}), of({"a": STRING, "b": STRING})),
    (of({"a": STRING}), of({"a": STRING, "b": STRING}, required=("a", "b"))),
    (NUMBER, INTEGER),
    (OPTIONAL, STRING),
    (OPTIONAL, {"anyOf": [NULL, STRING]}),
    ({}, STRING),
    ({"type": ["string", "null"]}, STRING),
    ({"enum": ["a", "b"]}, {"enum": ["b"]}),
    ({"enum": ["a", "b"]}, {"const": "a"}),
    ({"maximum": 20, "minimum": 0}, {"maximum": 10, "minimum": 5}),
    ({}, {"maxLength": 3}),
    ({"title": "A", "description": "one"}, {"title": "B", "description": "two"}),
    (of({}), of({}, additionalProperties=False)),
    (
        of({"a": {"$ref": "#/$defs/A"}}, **{"$defs": {"A": STRING}}),
        of({"a": STRING}),
    ),
    (TREE, TREE),
]


@pytest.mark.parametrize(("released", "new", "sentence"), BREAKS)
def test_break_is_named(released: dict[str, Any], new: dict[str, Any], sentence: str) -> None:
    (found,) = breaking_changes(released, new)

    assert found.startswith(sentence)


@pytest.mark.parametrize(("released", "new"), SAFE)
def test_what_says_more_is_no_break(released: dict[str, Any], new: dict[str, Any]) -> None:
    assert breaking_changes(released, new) == []


def test_every_break_is_named_at_its_place() -> None:
    released = of({"car": of({"id": STRING, "year": INTEGER}, required=("id",)), "kind": {"enum": ["a"]}})
    new = of({"car": of({"id": STRING, "year": STRING}), "kind": {"enum": ["a", "b"]}})

    assert [found.split(" ")[1] for found in breaking_changes(released, new)] == [
        *("event.car.id", "event.car.year", "event.kind")
    ]
