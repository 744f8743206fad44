"""What an AWS::Logs::MetricFilter makes of a log event: a value of a metric, or nothing.

Pure. It must not know where events come from, nor when a metric's minute ends. Sources: "AWS::Logs::MetricFilter",
PutMetricFilter, "Configuring metric values for a metric filter", "Publishing dimensions with metrics".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.aws.cloudwatch_logs.filter_pattern import FilterPattern, TermPattern, parse_filter_pattern

_PROPERTIES = frozenset({"FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"})
_OFF = frozenset({"ApplyOnTransformedLogs"})
_TRANSFORMATION = frozenset({"DefaultValue", "Dimensions", "MetricName", "MetricNamespace", "MetricValue", "Unit"})
_NEEDED = ("MetricName", "MetricNamespace", "MetricValue")
_MOST_DIMENSIONS = 3


@dataclass(frozen=True, kw_only=True)
class MetricFilter:
    """`value` is a number, or selects one in the event; so do the values of `dimensions`."""

    pattern: FilterPattern
    namespace: str
    name: str
    value: str
    default_value: float | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None

    def measure(self, message: str) -> Measurement | None:
        """None where the pattern does not match.

        An event that lacks the value or a dimension has no value: AWS's pages do not say what becomes of it.
        """
        select = self.pattern.match(message)
        if select is None:
            return None
        dimensions = {name: select(selector) for name, selector in self.dimensions.items()}
        known = {name: text for name, text in dimensions.items() if text is not None}
        value = _number(select(self.value) if self.value.startswith("$") else self.value)
        return Measurement(value if len(known) == len(dimensions) else None, known)


@dataclass(frozen=True)
class Measurement:
    """`value` is None where the event matched and had no number at the place."""

    value: float | None
    dimensions: Mapping[str, str]


def parse_metric_filter(properties: Mapping[str, Any]) -> MetricFilter:
    """The properties of an AWS::Logs::MetricFilter. Raises ValueError with what is wrong or not rehearsed."""
    _require_known(properties, _PROPERTIES | _OFF, "")
    if switched_on := [name for name in _OFF if str(properties.get(name, "false")).lower() != "false"]:
        raise ValueError(f"{', '.join(switched_on)} is not rehearsed.")
    transformations = properties.get("MetricTransformations")
    if not isinstance(transformations, list) or len(transformations) != 1:
        raise ValueError("MetricTransformations has to hold one transformation.")
    (given,) = transformations
    if not isinstance(given, Mapping):
        raise ValueError("MetricTransformations has to hold an object.")
    if missing := [name for name in _NEEDED if given.get(name) in (None, "")]:
        raise ValueError(f"MetricTransformations needs {', '.join(missing)}.")
    _require_known(given, _TRANSFORMATION, "MetricTransformations.")
    pattern = parse_filter_pattern(str(properties.get("FilterPattern", "")))
    value = str(given["MetricValue"])
    if not value.startswith("$") and _number(value) is None:
        raise ValueError(f"MetricValue {value!r} is neither a number nor a selector like $.latency.")
    dimensions = _dimensions(given, pattern)
    default = given.get("DefaultValue")
    if default is not None and dimensions:
        raise ValueError("DefaultValue cannot be given together with Dimensions.")
    return MetricFilter(
        pattern=pattern,
        namespace=str(given["MetricNamespace"]),
        name=str(given["MetricName"]),
        value=value,
        default_value=None if default is None else float(str(default)),
        dimensions=dimensions,
        unit=None if given.get("Unit") in (None, "None") else str(given["Unit"]),
    )


def _dimensions(given: Mapping[str, Any], pattern: FilterPattern) -> Mapping[str, str]:
    dimensions = {str(one["Key"]): str(one["Value"]) for one in given.get("Dimensions") or ()}
    if len(dimensions) > _MOST_DIMENSIONS:
        raise ValueError(
            f"A metric filter has at most {_MOST_DIMENSIONS} dimensions, and this one has {len(dimensions)}."
        )
    if dimensions and isinstance(pattern, TermPattern):
        raise ValueError("Dimensions need a JSON or a space-delimited pattern.")
    return dimensions


def _require_known(given: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    if unknown := sorted(set(given) - known):
        raise ValueError(f"{', '.join(where + name for name in unknown)} is not rehearsed.")


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
