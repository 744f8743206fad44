"""What CloudWatch refuses of PutMetricData: namespaces, numbers, and how many of each there may be.

It must not store anything. Sources: API PutMetricData, MetricDatum, Dimension. Its pages name InvalidParameterValue
among the errors; the words are those of AWS's answers where these are known, and in the same manner otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rehearsal.aws.cloudwatch.errors import InvalidParameter

_LARGEST = 2.0**360
_MAXIMUM_METRICS = 1000
_MAXIMUM_DIMENSIONS = 30
_MAXIMUM_VALUES = 150
_OLDEST_SECONDS = 14 * 24 * 3600
_NEWEST_SECONDS = 2 * 3600
_RESERVED = "AWS/"
_STATISTICS = ("SampleCount", "Sum", "Minimum", "Maximum")

Datum = Mapping[str, Any]


def refuse_metric_data(namespace: str, data: Sequence[Datum]) -> None:
    """InvalidParameter. What is asked of a timestamp: `refuse_timestamp`."""
    if namespace.startswith((_RESERVED, ":")):
        raise _invalid(namespace, "Namespace")
    _require_at_most(_MAXIMUM_METRICS, data, "MetricData")
    for place, datum in enumerate(data, start=1):
        member = f"MetricData.member.{place}"
        _refuse_dimensions(datum.get("Dimensions") or [], f"{member}.Dimensions")
        _require_at_most(_MAXIMUM_VALUES, datum.get("Values") or [], f"{member}.Values")
        for name, value in _numbers(datum):
            if not math.isfinite(value) or abs(value) > _LARGEST:
                raise _invalid(str(value), f"{member}.{name}")


def refuse_timestamp(at: float, now: float) -> None:
    """Both in AWS seconds: from two weeks back to two hours ahead. InvalidParameter."""
    if not now - _OLDEST_SECONDS <= at <= now + _NEWEST_SECONDS:
        raise InvalidParameter(
            "The parameter MetricData.member.Timestamp must specify a time no more than two weeks in the past and no"
            f" more than two hours in the future; it is {(at - now) / 3600:+.1f} hours from now.",
            code="InvalidParameterValue",
        )


def _refuse_dimensions(dimensions: Sequence[Mapping[str, Any]], member: str) -> None:
    _require_at_most(_MAXIMUM_DIMENSIONS, dimensions, member)
    for place, dimension in enumerate(dimensions, start=1):
        for key, maximum in (("Name", 255), ("Value", 1024)):
            text = str(dimension.get(key, ""))
            is_plain = text.isascii() and text.isprintable() and text.strip() != ""
            if not is_plain or len(text) > maximum or (key == "Name" and text.startswith(":")):
                raise _invalid(text, f"{member}.member.{place}.{key}")


def _numbers(datum: Datum) -> Iterator[tuple[str, float]]:
    if datum.get("Value") is not None:
        yield "Value", float(datum["Value"])
    for place, value in enumerate(datum.get("Values") or [], start=1):
        yield f"Values.member.{place}", float(value)
    for place, count in enumerate(datum.get("Counts") or [], start=1):
        yield f"Counts.member.{place}", float(count)
    statistics = datum.get("StatisticValues") or {}
    for name in _STATISTICS:
        if statistics.get(name) is not None:
            yield f"StatisticValues.{name}", float(statistics[name])


def _require_at_most(maximum: int, given: Sequence[Any], member: str) -> None:
    if len(given) > maximum:
        raise InvalidParameter(
            f"The collection {member} must not have a size greater than {maximum}.", code="InvalidParameterValue"
        )


def _invalid(value: str, member: str) -> InvalidParameter:
    return InvalidParameter(f"The value {value} for parameter {member} is invalid.", code="InvalidParameterValue")
