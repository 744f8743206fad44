"""Whether EventBridge would take an event pattern, as far as its grammar goes.

It must not match events: the emulator does. Source: "Creating Amazon EventBridge event patterns" and "Comparison
operators for use in event patterns".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_OPERATORS = frozenset(
    {
        *("prefix", "suffix", "equals-ignore-case", "wildcard"),
        *("anything-but", "numeric", "cidr", "exists"),
    }
)
_OR = "$or"
_REFUSED = "Event pattern is not valid. Reason: "


def require_event_pattern(pattern: Any) -> None:
    """A mapping, or its JSON text. Raises ValueError in EventBridge's words, with where it is wrong."""
    if isinstance(pattern, str):
        try:
            pattern = json.loads(pattern)
        except ValueError as exc:
            raise ValueError(f"{_REFUSED}{exc}") from exc
    if not isinstance(pattern, Mapping) or not pattern:
        raise ValueError(f"{_REFUSED}Filter is not an object")
    _require_object(pattern, "")


def _require_object(pattern: Mapping[str, Any], path: str) -> None:
    for name, value in pattern.items():
        here = f"{path}.{name}".lstrip(".")
        if name == _OR and isinstance(value, list):
            for alternative in value:
                if isinstance(alternative, Mapping):
                    _require_object(alternative, here)
        elif isinstance(value, Mapping):
            if not value:
                raise ValueError(f"{_REFUSED}Empty objects are not allowed at {here!r}")
            _require_object(value, here)
        elif not isinstance(value, list):
            raise ValueError(f'{_REFUSED}"{name}" must be an object or an array at {here!r}')
        else:
            _require_values(value, here)


def _require_values(values: list[Any], path: str) -> None:
    if not values:
        raise ValueError(f"{_REFUSED}Empty arrays are not allowed at {path!r}")
    for value in values:
        if isinstance(value, list):
            raise ValueError(f"{_REFUSED}An array inside an array at {path!r}")
        if isinstance(value, Mapping):
            for operator in value:
                if operator not in _OPERATORS:
                    raise ValueError(f"{_REFUSED}Unrecognized match type {operator} at {path!r}")
