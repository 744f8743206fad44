"""Filter patterns for space-delimited log events: `[ip, user, ..., status_code = 4* && status_code != 403, bytes]`.

Pure. What stands between square brackets or quotation marks is one field. Source: "Using filter patterns to match terms
in space-delimited log events".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rehearsal.aws.cloudwatch_logs.comparison import OPERATORS, VALUE, Comparison, Value, parse_comparison

_FIELD = re.compile(r'\[([^\]]*)\]|"((?:[^"\\]|\\.)*)"|(\S+)')
_PART = re.compile(r'(?:"(?:[^"\\]|\\.)*"|%[^%]+%|[^,"%])*')
_NAME = re.compile(r"\s*(?P<name>[\w-]*)\s*")
_CONDITION = re.compile(rf"\s*(?P<name>[\w-]+)\s*(?P<operator>{'|'.join(OPERATORS)})\s*(?P<value>{VALUE})\s*")
_ELLIPSIS = ("...", "…")


_Condition = tuple[str, Comparison]


@dataclass(frozen=True)
class _Field:
    """`conditions` are alternatives, each of comparisons that all have to hold: of this field, or of others by name."""

    name: str
    conditions: tuple[tuple[_Condition, ...], ...] = ()

    def holds(self, texts: Mapping[str, str]) -> bool:
        return not self.conditions or any(
            all(comparison.holds(Value(text := texts[f"${name}"], _number(text))) for name, comparison in group)
            for group in self.conditions
        )


@dataclass(frozen=True)
class SpaceDelimitedPattern:
    """`first` fields stand before an ellipsis, `last` behind it; without one, there are no others than `first`."""

    first: tuple[_Field, ...]
    last: tuple[_Field, ...]
    has_ellipsis: bool

    def match(self, message: str) -> Callable[[str], str | None] | None:
        """What a field's name (`$status_code`, or `$3` where it has none) gives; None where nothing matches."""
        texts = ["".join(groups) for groups in _FIELD.findall(message)]
        count = len(self.first) + len(self.last)
        if len(texts) < count or (len(texts) > count and not self.has_ellipsis):
            return None
        behind = texts[len(texts) - len(self.last) :]
        fields = [*zip(self.first, texts, strict=False), *zip(self.last, behind, strict=True)]
        named = {f"${place}": text for place, text in enumerate(texts, start=1)}
        named |= {f"${field.name}": text for field, text in fields if field.name}
        return named.get if all(field.holds(named) for field, _ in fields) else None


def parse_space_delimited_pattern(pattern: str) -> SpaceDelimitedPattern:
    """`pattern` with its brackets. Raises ValueError with what is allowed."""
    if not pattern.endswith("]"):
        raise ValueError(f"{pattern}: a space-delimited pattern ends with ']'.")
    parts = _split(pattern[1:-1])
    places = [place for place, part in enumerate(parts) if part.strip() in _ELLIPSIS]
    if len(places) > 1:
        raise ValueError(f"{pattern}: one ellipsis is allowed.")
    fields = [_parse_field(part) for part in parts if part.strip() not in _ELLIPSIS]
    names = {field.name for field in fields}
    for name in (name for field in fields for group in field.conditions for name, _ in group):
        if name not in names:
            raise ValueError(f"{pattern}: there is no field {name}.")
    place = places[0] if places else len(fields)
    return SpaceDelimitedPattern(tuple(fields[:place]), tuple(fields[place:]), has_ellipsis=bool(places))


def _split(text: str) -> list[str]:
    """At commas that stand in no quotation marks and no regular expression."""
    parts, at = [], 0
    while True:
        found = _PART.match(text, at)
        end = found.end() if found else at
        parts.append(text[at:end])
        if end >= len(text):
            return parts
        if text[end] != ",":
            raise ValueError(f"[{text}]: {text[end:]!r} is not understood.")
        at = end + 1


def _parse_field(part: str) -> _Field:
    if named := _NAME.fullmatch(part):
        return _Field(named["name"])
    groups: list[list[_Condition]] = [[]]
    name, at = "", 0
    while True:
        found = _CONDITION.match(part, at)
        if found is None or found["value"].startswith("!"):
            raise ValueError(
                f"{part.strip()}: a field is a name, or conditions on it joined by && and ||; "
                f"allowed are {', '.join(OPERATORS)}."
            )
        name = name or found["name"]
        groups[-1].append((found["name"], parse_comparison(found["operator"], found["value"])))
        at = found.end()
        if at >= len(part):
            return _Field(name, tuple(map(tuple, groups)))
        joint = part[at : at + 2]
        if joint not in ("&&", "||"):
            raise ValueError(f"{part.strip()}: {part[at:]!r} is not understood.")
        if joint == "||":
            groups.append([])
        at += 2


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
