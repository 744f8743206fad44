"""EventBridge's matching of patterns, as far as the pipeline's rules use it."""

from __future__ import annotations

from typing import Any


def matches(pattern: Any, value: Any) -> bool:
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(matches(wanted, value.get(name)) for name, wanted in pattern.items())
    return value in pattern
