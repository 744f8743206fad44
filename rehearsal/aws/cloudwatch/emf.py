"""CloudWatch embedded metric format: metrics found in a log line.

It must not know where they are stored. Source: "Specification: Embedded metric format". What the specification says to
ignore (a metric without its value, a dimension set with a missing or non-text member) is ignored, as AWS does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MAXIMUM_DIMENSIONS = 30
_MAXIMUM_VALUES = 100


@dataclass(frozen=True)
class EmfMetric:
    """`timestamp` is wall-clock seconds since the epoch, None when the line has none."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    values: tuple[float, ...]
    unit: str | None
    timestamp: float | None


def parse_emf(line: str | Mapping[str, Any]) -> list[EmfMetric]:
    """The metrics of one log line; none when it is not in the format."""
    root = _root(line)
    metadata = root.get("_aws")
    directives = metadata.get("CloudWatchMetrics") if isinstance(metadata, Mapping) else None
    if not isinstance(metadata, Mapping) or not isinstance(directives, list):
        return []
    at = metadata.get("Timestamp")
    timestamp = at / 1000 if isinstance(at, int | float) else None
    return [
        metric
        for directive in directives
        if isinstance(directive, Mapping) and isinstance(directive.get("Namespace"), str)
        for metric in _of_directive(root, directive, timestamp)
    ]


def _root(line: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(line, str):
        return line
    if '"_aws"' not in line:
        return {}
    try:
        root = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return root if isinstance(root, Mapping) else {}


def _of_directive(
    root: Mapping[str, Any], directive: Mapping[str, Any], timestamp: float | None
) -> Iterator[EmfMetric]:
    for metric in _list(directive.get("Metrics")):
        name = metric.get("Name") if isinstance(metric, Mapping) else None
        values = _values(root.get(name)) if isinstance(name, str) else ()
        if not isinstance(name, str) or not values:
            continue
        for names in _list(directive.get("Dimensions")) or [[]]:
            dimensions = _dimensions(root, names)
            if dimensions is not None:
                yield EmfMetric(directive["Namespace"], name, dimensions, values, metric.get("Unit"), timestamp)


def _dimensions(root: Mapping[str, Any], names: object) -> dict[str, str] | None:
    if not isinstance(names, list) or len(names) > _MAXIMUM_DIMENSIONS:
        return None
    found = {name: root[name] for name in names if isinstance(name, str) and isinstance(root.get(name), str)}
    return found if len(found) == len(names) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _values(target: object) -> tuple[float, ...]:
    values = target if isinstance(target, list) else [target]
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return tuple(numbers) if len(numbers) == len(values) <= _MAXIMUM_VALUES else ()
