"""EventBridge's matching of patterns, as far as the pipeline's rules use it."""

from __future__ import annotations

from typing import Any


def matches(pattern: Any, value: Any) -> bool:
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(matches(wanted, value.get(name)) for name, wanted in pattern.items())
    return any(_matches_one(wanted, value) for wanted in pattern)


def _matches_one(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, str) and value.startswith(wanted["prefix"])
    return bool(wanted == value)
