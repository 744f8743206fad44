"""The part of JSONPath that EventBridge documents: dot and bracket notation, array indices, wildcards.

It must not know what a path is for. Source: "Amazon EventBridge input transformation" (the supported syntax), API
Target (InputPath: dot or bracket notation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]*'"()?@\s]+) | \[(?P<index>\d+)\] | (?P<all>\.\*|\[\*\])
    | \['(?P<single>[^']+)'\] | \["(?P<double>[^"]+)"\]""",
    re.VERBOSE,
)


class NoPath(ValueError):
    """The text is no path in the documented syntax."""


@dataclass(frozen=True)
class Found:
    """`value` is a list of everything found where the path has a wildcard."""

    value: Any


@dataclass(frozen=True)
class _Every:
    """A wildcard."""


_Step = str | int | _Every


def find(path: str, document: Any) -> Found | None:
    """What is at the path; None where there is nothing, and for a wildcard an empty list. Raises NoPath."""
    steps = _parse(path)
    values = [document]
    for step in steps:
        values = [inner for value in values for inner in _children(value, step)]
    if any(isinstance(step, _Every) for step in steps):
        return Found(values)
    return Found(values[0]) if values else None


def require_path(path: str) -> None:
    """Raises NoPath."""
    _parse(path)


@lru_cache(maxsize=1024)
def _parse(path: str) -> Sequence[_Step]:
    if not path.startswith("$"):
        raise NoPath(f"{path!r} does not begin with $")
    return tuple(_steps(path))


def _steps(path: str) -> Iterator[_Step]:
    position = 1
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            raise NoPath(f"{path!r} has {path[position:]!r}, which is none of .name, ['name'], [0], [*] and .*")
        position = found.end()
        if found["all"]:
            yield _Every()
        elif found["index"]:
            yield int(found["index"])
        else:
            yield found["name"] or found["single"] or found["double"]


def _children(value: Any, step: _Step) -> list[Any]:
    match step, value:
        case _Every(), dict():
            return list(value.values())
        case _Every(), list():
            return value
        case int(), list() if step < len(value):
            return [value[step]]
        case str(), dict() if step in value:
            return [value[step]]
        case _:
            return []
