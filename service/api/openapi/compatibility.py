"""What of a new OpenAPI document would break callers of an old one.

Requests that were taken must still be taken, and answers must still be what a reader of the old document can read:
requests may get wider and answers narrower, never the other way. New fields in answers are no break: the document asks
callers to ignore what they do not know.

Refused:
- a path, method or content type that is gone; a success status that is gone; a new status that is no 4xx or 5xx
- a parameter that is gone or becomes required; a new required one; a body that becomes required
- in requests: a field that is gone while unknown ones are refused, a new required field, a type, value of an enum or
  null no longer taken, a limit that is tighter, a pattern or format that is new or another one
- in answers: a field or header that is gone or no longer always there; a type, enum value or null that is new;
  a limit that is wider; a pattern or format that is gone or another one
- a keyword of JSON Schema that this module does not know and that has changed: it cannot tell

Not looked at: prose, examples, operation ids, security. It must not know the API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

Json = Mapping[str, Any]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
PROSE = {"description", "title", "example", "examples", "default", "deprecated"}
LOWER_LIMITS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_LIMITS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
OPAQUE = ("pattern", "format", "multipleOf", "uniqueItems")
"""Of these only being there or not can be compared, and whether they are the same."""

UNDERSTOOD = {
    *("type", "enum", "const", "anyOf", "properties", "required", "additionalProperties", "items"),
    *LOWER_LIMITS,
    *UPPER_LIMITS,
    *OPAQUE,
}


class Direction(Enum):
    """Who says what a schema describes: what is wider for one is narrower for the other."""

    REQUEST = "request"
    ANSWER = "answer"


def breaking_changes(old: Json, new: Json) -> list[str]:
    """A sentence for each break, beginning with where it is; none when every caller of `old` can call `new`."""
    return list(_Comparison(old, new).breaks())


@dataclass(frozen=True)
class _Comparison:
    old: Json
    new: Json

    def breaks(self) -> Iterator[str]:
        for path, old_item in self.old["paths"].items():
            new_item = self.new["paths"].get(path)
            if new_item is None:
                yield f"{path}: the path is gone"
                continue
            for method in METHODS:
                if method not in old_item:
                    continue
                where = f"{method.upper()} {path}"
                if method not in new_item:
                    yield f"{where}: the method is gone"
                    continue
                yield from self._parameters(
                    where,
                    _parameters(self.old, old_item, old_item[method]),
                    _parameters(self.new, new_item, new_item[method]),
                )
                yield from self._body(where, old_item[method].get("requestBody"), new_item[method].get("requestBody"))
                yield from self._answers(where, old_item[method]["responses"], new_item[method]["responses"])

    def _parameters(
        self, where: str, old: Mapping[tuple[str, str], Json], new: Mapping[tuple[str, str], Json]
    ) -> Iterator[str]:
        for key, parameter in new.items():
            if parameter.get("required") and not old.get(key, {}).get("required"):
                yield f"{where}: {key[0]} parameter {key[1]} is required now"
        for key, parameter in old.items():
            name = f"{where}: {key[0]} parameter {key[1]}"
            if key not in new:
                yield f"{name} is gone"
            else:
                yield from self._schema(name, parameter["schema"], new[key]["schema"], Direction.REQUEST)

    def _body(self, where: str, old: Json | None, new: Json | None) -> Iterator[str]:
        old, new = _resolved(self.old, old or {}), _resolved(self.new, new or {})
        if new.get("required") and not old.get("required"):
            yield f"{where}: a body is required now"
        yield from self._content(f"{where}: body", old, new, Direction.REQUEST)

    def _answers(self, where: str, old: Json, new: Json) -> Iterator[str]:
        for status in sorted(new.keys() - old.keys()):
            if status[0] not in "45":
                yield f"{where}: status {status} is new, and no refusal"
        for status, answer in old.items():
            if status not in new:
                if status[0] not in "45":  # one refusal less is none's loss
                    yield f"{where}: status {status} is gone"
                continue
            name = f"{where}: answer {status}"
            old_answer, new_answer = _resolved(self.old, answer), _resolved(self.new, new[status])
            for header, described in old_answer.get("headers", {}).items():
                new_header = new_answer.get("headers", {}).get(header)
                if new_header is None:
                    yield f"{name}: header {header} is gone"
                else:
                    yield from self._schema(
                        f"{name}: header {header}",
                        _resolved(self.old, described)["schema"],
                        _resolved(self.new, new_header)["schema"],
                        Direction.ANSWER,
                    )
            yield from self._content(name, old_answer, new_answer, Direction.ANSWER)

    def _content(self, where: str, old: Json, new: Json, direction: Direction) -> Iterator[str]:
        old_content, new_content = old.get("content", {}), new.get("content", {})
        if direction is Direction.ANSWER:
            for media_type in sorted(new_content.keys() - old_content.keys()):
                yield f"{where}: content type {media_type} is new"
        for media_type, described in old_content.items():
            if media_type not in new_content:
                yield f"{where}: content type {media_type} is gone"
            else:
                yield from self._schema(where, described["schema"], new_content[media_type]["schema"], direction)

    def _schema(self, where: str, old: Json, new: Json, direction: Direction) -> Iterator[str]:
        """`wide` has to take all that `narrow` allows: it is the new one of a request, the old one of an answer."""
        old, new = _resolved(self.old, old), _resolved(self.new, new)
        yield from _unknown_keywords(where, old, new)
        if "anyOf" in old or "anyOf" in new:
            yield from self._choices(where, _choices(old), _choices(new), direction)
            return
        request = direction is Direction.REQUEST
        narrow, wide = (old, new) if request else (new, old)
        yield from _types(where, narrow, wide, request)
        yield from _limits(where, narrow, wide, request)
        yield from self._properties(where, old, new, direction)
        if "items" in old and "items" in new:
            yield from self._schema(f"{where}[]", old["items"], new["items"], direction)
        elif "items" in wide:
            yield f"{where}: its items are {'not taken' if request else 'anything'} now"

    def _choices(self, where: str, old: Sequence[Json], new: Sequence[Json], direction: Direction) -> Iterator[str]:
        """Each choice of the narrow side must be one of the wide side's: null among them, most often."""
        request = direction is Direction.REQUEST
        narrow, wide = (old, new) if request else (new, old)
        for choice in narrow:
            answers = [
                list(self._schema(where, *((choice, other) if request else (other, choice)), direction))
                for other in wide
            ]
            fewest = min(answers, key=len, default=[f"{where}: nothing is left"])
            same_type = [
                found for found, other in zip(answers, wide, strict=True) if self._is_alike(choice, other, request)
            ]
            if fewest:
                yield from same_type[0] if same_type else [f"{where}: {_shown(choice)} {_no_longer(request)}"]

    def _is_alike(self, narrow: Json, wide: Json, request: bool) -> bool:
        narrow_root, wide_root = (self.old, self.new) if request else (self.new, self.old)
        return _resolved(narrow_root, narrow).get("type") == _resolved(wide_root, wide).get("type")

    def _properties(self, where: str, old: Json, new: Json, direction: Direction) -> Iterator[str]:
        old_properties, new_properties = old.get("properties", {}), new.get("properties", {})
        old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
        if direction is Direction.REQUEST:
            for name in sorted(new_required - old_required):
                yield f"{where}.{name}: is required now"
            if new.get("additionalProperties") is False:
                if old.get("additionalProperties") is not False and "properties" in old:
                    yield f"{where}: unknown fields are refused now"
                for name in sorted(old_properties.keys() - new_properties.keys()):
                    yield f"{where}.{name}: is gone"
        else:
            for name in sorted(old_properties.keys() - new_properties.keys()):
                yield f"{where}.{name}: is gone"
            for name in sorted((old_required - new_required) & new_properties.keys()):
                yield f"{where}.{name}: is not always there any more"
        for name in old_properties.keys() & new_properties.keys():
            yield from self._schema(f"{where}.{name}", old_properties[name], new_properties[name], direction)


def _parameters(document: Json, item: Json, operation: Json) -> dict[tuple[str, str], Json]:
    """By place and name ("query", "limit"); an operation's own stand before its path's."""
    both = [_resolved(document, each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    return {(parameter["in"], parameter["name"]): parameter for parameter in both}


def _resolved(document: Json, node: Json) -> Json:
    """What a $ref leads to, with what stands beside it."""
    while "$ref" in node:
        found: Any = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _choices(schema: Json) -> Sequence[Json]:
    choices: Sequence[Json] = schema.get("anyOf", (schema,))
    return choices


def _unknown_keywords(where: str, old: Json, new: Json) -> Iterator[str]:
    for keyword in sorted((old.keys() | new.keys()) - UNDERSTOOD - PROSE):
        if old.get(keyword) != new.get(keyword):
            yield f"{where}: {keyword} has changed, and nobody can tell what that breaks"


def _types(where: str, narrow: Json, wide: Json, request: bool) -> Iterator[str]:
    for name in sorted(_type_names(narrow) - _type_names(wide)) if "type" in wide else ():
        if name != "integer" or "number" not in _type_names(wide):
            yield f"{where}: type {name} {_no_longer(request)}"
    if "type" in wide and "type" not in narrow:
        yield f"{where}: any type {_no_longer(request)}"
    if "enum" in wide or "const" in wide:
        values = _values(wide)
        if "enum" not in narrow and "const" not in narrow:
            yield f"{where}: any other value than {_shown(values)} {_no_longer(request)}"
        for value in _values(narrow):
            if value not in values:
                yield f"{where}: {_shown(value)} {_no_longer(request)}"


def _limits(where: str, narrow: Json, wide: Json, request: bool) -> Iterator[str]:
    change = "tighter" if request else "wider"
    for keyword in LOWER_LIMITS:
        if keyword in wide and narrow.get(keyword, float("-inf")) < wide[keyword]:
            yield f"{where}: {keyword} is {change} now"
    for keyword in UPPER_LIMITS:
        if keyword in wide and narrow.get(keyword, float("inf")) > wide[keyword]:
            yield f"{where}: {keyword} is {change} now"
    for keyword in OPAQUE:
        if keyword in wide and narrow.get(keyword) != wide[keyword]:
            yield f"{where}: {keyword} is {'new or another one' if request else 'gone or another one'} now"


def _type_names(schema: Json) -> set[str]:
    names = schema.get("type", ())
    return {names} if isinstance(names, str) else set(names)


def _values(schema: Json) -> Sequence[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _no_longer(request: bool) -> str:
    return "is no longer taken" if request else "may be answered now"


def _shown(value: object) -> str:
    return json.dumps(value)
