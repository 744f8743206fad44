"""What a new JSON Schema of an event breaks of what the released one promised to those who read the events.

A reader was promised that every event is valid under the schema that it knows, so a new schema may only say more: more
properties, narrower values. Small on purpose: it knows the keywords that the schemas of docs/events use, and calls any
other one a break when it changes, for it cannot judge it. It must not read files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

ANNOTATIONS = frozenset({"$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples"})
AT_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
AT_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
JUDGED = frozenset(
    {*AT_MOST, *AT_LEAST, "type", "enum", "const", "anyOf", "properties", "required", "items", "additionalProperties"}
)


def breaking_changes(released: Schema, new: Schema) -> list[str]:
    """One sentence for each broken promise, with the path of the property; none when every reader is safe."""
    return list(_Comparison(released, new).compare(released, new, "the event"))


class _Comparison:
    """Two documents, whose `$ref`s point to their own `$defs`."""

    def __init__(self, released: Schema, new: Schema) -> None:
        self._released = released
        self._new = new
        self._open: set[tuple[str, str]] = set()

    def compare(self, released: Schema, new: Schema, path: str) -> Iterator[str]:
        pair = (str(released.get("$ref")), str(new.get("$ref")))
        if pair in self._open:  # a schema that holds itself
            return
        named = released.get("$ref") is not None and new.get("$ref") is not None
        if named:
            self._open.add(pair)
        yield from self._compare(_resolve(released, self._released), _resolve(new, self._new), path)
        if named:
            self._open.remove(pair)

    def _compare(self, released: Schema, new: Schema, path: str) -> Iterator[str]:
        if "anyOf" in released or "anyOf" in new:
            yield from self._branches(released, new, path)
            return
        yield from _types(released, new, path)
        yield from _values(released, new, path)
        yield from _limits(released, new, path)
        yield from self._properties(released, new, path)
        yield from self._items(released, new, path)
        for keyword in sorted((released.keys() | new.keys()) - JUDGED - ANNOTATIONS):
            if released.get(keyword) != new.get(keyword):
                change = f"{released.get(keyword)!r} -> {new.get(keyword)!r}"
                yield f"{path}: {keyword} changed ({change}), and nobody has said what that means for a reader"

    def _branches(self, released: Schema, new: Schema, path: str) -> Iterator[str]:
        """Whatever the new schema allows, a reader must know from one of the released branches."""
        for schema in (released, new):
            if "anyOf" in schema and (others := schema.keys() - ANNOTATIONS - {"anyOf"}) and released != new:
                yield f"{path}: anyOf beside {_list(set(others))} changed, and nobody has said how to judge that"
        known = released.get("anyOf", [released])
        for branch in new.get("anyOf", [new]):
            found = [list(self.compare(alternative, branch, path)) for alternative in known]
            if all(found):
                yield from min(found, key=len)

    def _properties(self, released: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = released.get("properties", {}), new.get("properties", {})
        still_required = set(new.get("required", ()))
        for name in before:
            where = f"{path}.{name}"
            if name not in after:
                yield f"{where} was removed"
                continue
            if name in released.get("required", ()) and name not in still_required:
                yield f"{where} is no longer required: a reader relies on it"
            yield from self.compare(before[name], after[name], where)
        if released.get("additionalProperties") is False:
            if new.get("additionalProperties") is not False:
                yield f"{path} may have properties that a reader refuses"
            yield from (f"{path}.{name} is new, and a reader refuses it" for name in after if name not in before)
        elif isinstance(extra := released.get("additionalProperties"), Mapping):
            yield from self.compare(extra, new.get("additionalProperties") or {}, f"{path}.*")

    def _items(self, released: Schema, new: Schema, path: str) -> Iterator[str]:
        if "items" in released:
            yield from self.compare(released["items"], new.get("items", {}), f"{path}[]")


def _resolve(schema: Schema, document: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    name = str(reference).removeprefix("#/$defs/")
    others = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
    return {**_resolve(document["$defs"][name], document), **others}


def _types(released: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = _type_names(released), _type_names(new)
    if before and not after:
        yield f"{path} may be of any type, and was {_list(before)}"
    unknown = after - before - ({"integer"} if "number" in before else set())
    if before and unknown:
        yield f"{path} may be {_list(unknown)}, and was {_list(before)}"


def _type_names(schema: Schema) -> set[str]:
    found = schema.get("type", [])
    return {found} if isinstance(found, str) else set(found)


def _values(released: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = _allowed(released), _allowed(new)
    if before is None:
        return
    if after is None:
        yield f"{path} may be anything, and was one of {_list(before)}"
    elif unknown := after - before:
        yield f"{path} may be {_list(unknown)}, and was one of {_list(before)}"


def _allowed(schema: Schema) -> set[str] | None:
    """The values that are allowed, written as Python does; None where they are not listed."""
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(value) for value in schema["enum"]} if "enum" in schema else None


def _limits(released: Schema, new: Schema, path: str) -> Iterator[str]:
    for keyword in (*AT_MOST, *AT_LEAST):
        before, after = released.get(keyword), new.get(keyword)
        if before is None or after == before:
            continue
        if after is None or (after > before if keyword in AT_MOST else after < before):
            yield f"{path}: {keyword} was {before}, and is {'gone' if after is None else after}"


def _list(names: set[str]) -> str:
    return " or ".join(sorted(names))
