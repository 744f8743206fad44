"""The values of metric math and how operators combine them: scalar (S), time series (TS), array of them (TS[]).

It must not know functions or names. Source: "Metric math syntax and functions": Basic arithmetic functions; Comparison
and logical operators. A missing data point counts as 0 beside one that exists; where none exists there is none; a
division by zero drops the data point.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.aws.cloudwatch.errors import InvalidParameter

Points = tuple[float | None, ...]


@dataclass(frozen=True)
class TimeSeries:
    """`points[i]` belongs to the window's i-th timestamp; None is a missing data point. `label` names its metric."""

    points: Points
    label: str = ""


SeriesArray = tuple[TimeSeries, ...]
Value = float | TimeSeries | SeriesArray

NO_VALUE = float("nan")
"""The scalar of a function over no data points: every data point computed with it is dropped."""


def _power(left: float, right: float) -> float | None:
    result = left**right
    return result if isinstance(result, float | int) else None  # a root of a negative number is complex


_OPERATORS: dict[str, Callable[[float, float], float | None]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": _power,
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "<": lambda left, right: float(left < right),
    ">": lambda left, right: float(left > right),
    "<=": lambda left, right: float(left <= right),
    ">=": lambda left, right: float(left >= right),
    "AND": lambda left, right: float(left != 0 and right != 0),
    "OR": lambda left, right: float(left != 0 or right != 0),
}


def combine(symbol: str, left: Value, right: Value) -> Value:
    """Applies the operator, point by point; an array with anything gives an array."""
    if isinstance(left, tuple):
        others = right if isinstance(right, tuple) else (right,) * len(left)
        if len(left) != len(others):
            raise InvalidParameter(f"{symbol} cannot combine arrays of {len(left)} and {len(others)} time series.")
        return tuple(_combine_series(symbol, one, other) for one, other in zip(left, others, strict=True))
    if isinstance(right, tuple):
        return tuple(_combine_series(symbol, left, other) for other in right)
    if isinstance(left, float) and isinstance(right, float):
        result = _apply(symbol, left, right)
        return NO_VALUE if result is None else result
    return _combine_series(symbol, left, right)


def _combine_series(symbol: str, left: float | TimeSeries, right: float | TimeSeries) -> TimeSeries:
    match left, right:
        case TimeSeries(points, label), TimeSeries(others):
            pairs = zip(points, others, strict=True)
            return TimeSeries(
                tuple(None if a is None and b is None else _apply(symbol, a or 0.0, b or 0.0) for a, b in pairs), label
            )
        case TimeSeries(points, label), float(scalar):
            return TimeSeries(tuple(None if a is None else _apply(symbol, a, scalar) for a in points), label)
        case float(scalar), TimeSeries(points, label):
            return TimeSeries(tuple(None if b is None else _apply(symbol, scalar, b) for b in points), label)
        case _:
            raise InvalidParameter(f"{symbol} cannot combine {left!r} and {right!r}.")


def _apply(symbol: str, left: float, right: float) -> float | None:
    if math.isnan(left) or math.isnan(right):
        return None
    try:
        return _OPERATORS[symbol](left, right)
    except (ZeroDivisionError, OverflowError):
        return None


def kind(value: object) -> str:
    """The value's kind in the words of the documentation."""
    if isinstance(value, TimeSeries):
        return "a time series"
    if isinstance(value, tuple):
        return "an array of time series"
    return "a scalar" if isinstance(value, float) else "a word"
