"""The functions of metric math, by name.

It must not know how expressions are written. Source: "Functions supported for metric math", "Using IF expressions".
Functions of AWS that are missing here are in `NOT_SUPPORTED`; they are refused by name.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rehearsal.aws.cloudwatch.errors import InvalidParameter
from rehearsal.aws.cloudwatch.metric_math.filling import fill
from rehearsal.aws.cloudwatch.metric_math.values import NO_VALUE, Points, SeriesArray, TimeSeries, Value, kind

KEYWORDS = frozenset({"REPEAT", "LINEAR", "ASC", "DESC", "AVG", "MIN", "MAX", "SUM"})
NOT_SUPPORTED = frozenset(
    {"ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "SEARCH", "SERVICE_QUOTA", "DB_PERF_INSIGHTS", "LAMBDA"}
)


@dataclass(frozen=True)
class Context:
    """What functions see of the query: the window's timestamps (seconds), its period, and its metrics by id."""

    timestamps: tuple[int, ...]
    period_seconds: int
    metrics: dict[str, TimeSeries]


Argument = Value | str
Function = Callable[[Context, Sequence[Argument]], Value]


def _series(name: str, argument: Argument) -> TimeSeries:
    if not isinstance(argument, TimeSeries):
        raise InvalidParameter(f"{name} takes a time series, got {kind(argument)}.")
    return argument


def _array(name: str, argument: Argument) -> SeriesArray:
    if not isinstance(argument, tuple):
        raise InvalidParameter(f"{name} takes an array of time series, got {kind(argument)}.")
    return argument


def _scalar(name: str, argument: Argument) -> float:
    if not isinstance(argument, float):
        raise InvalidParameter(f"{name} takes a scalar here, got {kind(argument)}.")
    return argument


def _takes(name: str, arguments: Sequence[Argument], *counts: int) -> None:
    if len(arguments) not in counts:
        raise InvalidParameter(f"{name} takes {' or '.join(map(str, counts))} arguments, got {len(arguments)}.")


def _each(name: str, how: Callable[[Context, Points], Points]) -> Function:
    """A function from TS to TS and from TS[] to TS[]."""

    def call(context: Context, arguments: Sequence[Argument]) -> Value:
        _takes(name, arguments, 1)
        match arguments[0]:
            case TimeSeries() as series:
                return replace(series, points=how(context, series.points))
            case tuple() as array:
                return tuple(replace(series, points=how(context, series.points)) for series in array)
            case other:
                raise InvalidParameter(f"{name} takes a time series or an array of them, got {kind(other)}.")

    return call


def _pointwise(name: str, how: Callable[[float], float]) -> Function:
    def of(point: float) -> float | None:
        try:
            return float(how(point))
        except ValueError:  # the logarithm of 0 or less
            return None

    return _each(name, lambda _, points: tuple(None if point is None else of(point) for point in points))


def _reduction(name: str, how: Callable[[list[float]], float], *, missing_is_zero: bool = False) -> Function:
    """A function from TS to S (over its data points) and from TS[] to TS (over the series, timestamp by timestamp)."""

    def over(points: Sequence[float | None]) -> float | None:
        there = [point for point in points if point is not None]
        if not there:
            return None
        return float(how(there + [0.0] * (len(points) - len(there)) if missing_is_zero else there))

    def call(context: Context, arguments: Sequence[Argument]) -> Value:
        _takes(name, arguments, 1)
        match arguments[0]:
            case TimeSeries(points):
                there = [point for point in points if point is not None]
                return float(how(there)) if there else (0.0 if name in ("SUM", "DATAPOINT_COUNT") else NO_VALUE)
            case tuple() as array:
                return TimeSeries(tuple(over(column) for column in _columns(context, array)))
            case other:
                raise InvalidParameter(f"{name} takes a time series or an array of them, got {kind(other)}.")

    return call


def _columns(context: Context, array: SeriesArray) -> list[list[float | None]]:
    return [[series.points[index] for series in array] for index in range(len(context.timestamps))]


def _change(value: Callable[[float, float], float]) -> Callable[[Context, Points], Points]:
    """Of each data point and the one before it; `value` gets the difference of values and of seconds."""

    def how(context: Context, points: Points) -> Points:
        result: list[float | None] = []
        previous: tuple[int, float] | None = None
        for timestamp, point in zip(context.timestamps, points, strict=True):
            if point is None or previous is None:
                result.append(None)
            else:
                result.append(value(point - previous[1], float(timestamp - previous[0])))
            previous = previous if point is None else (timestamp, point)
        return tuple(result)

    return how


def _running_sum(_: Context, points: Points) -> Points:
    total, result = 0.0, []
    for point in points:
        total += point or 0.0
        result.append(None if point is None else total)
    return tuple(result)


def _of_time(name: str, how: Callable[[datetime], float]) -> Function:
    def call(context: Context, arguments: Sequence[Argument]) -> Value:
        _takes(name, arguments, 1)
        _series(name, arguments[0])
        return TimeSeries(tuple(float(how(datetime.fromtimestamp(at, UTC))) for at in context.timestamps))

    return call


def _if(context: Context, arguments: Sequence[Argument]) -> Value:
    _takes("IF", arguments, 2, 3)
    condition, chosen, *others = (_branch(argument) for argument in arguments)
    otherwise = others[0] if others else TimeSeries((None,) * len(context.timestamps))
    if isinstance(condition, float):
        return chosen if condition != 0 else otherwise
    points: list[float | None] = []
    for index, point in enumerate(condition.points):
        if point is None:
            points.append(None)
        elif point != 0:
            points.append(_point(chosen, index, missing=0.0))
        else:
            points.append(_point(otherwise, index, missing=None))
    return TimeSeries(tuple(points))


def _branch(argument: Argument) -> float | TimeSeries:
    if isinstance(argument, tuple | str):
        raise InvalidParameter(f"IF takes scalars and single time series, got {kind(argument)}.")
    return argument


def _point(branch: float | TimeSeries, index: int, *, missing: float | None) -> float | None:
    if isinstance(branch, TimeSeries):
        point = branch.points[index]
        return missing if point is None else point
    return None if math.isnan(branch) else branch


def _fill(_: Context, arguments: Sequence[Argument]) -> Value:
    _takes("FILL", arguments, 2)
    target, filler = arguments
    if isinstance(filler, tuple) or (isinstance(filler, str) and filler not in ("REPEAT", "LINEAR")):
        raise InvalidParameter(f"FILL takes a scalar, a time series, REPEAT or LINEAR, got {kind(filler)}.")
    if isinstance(target, tuple):
        return tuple(replace(series, points=fill(series.points, filler)) for series in target)
    series = _series("FILL", target)
    return replace(series, points=fill(series.points, filler))


def _metrics(context: Context, arguments: Sequence[Argument]) -> Value:
    _takes("METRICS", arguments, 0, 1)
    part = arguments[0] if arguments else ""
    if not isinstance(part, str):
        raise InvalidParameter(f"METRICS takes a text, got {kind(part)}.")
    return tuple(series for id_, series in context.metrics.items() if part in id_)


def _sort(context: Context, arguments: Sequence[Argument]) -> Value:
    _takes("SORT", arguments, 3, 4)
    array, by, order = _array("SORT", arguments[0]), arguments[1], arguments[2]
    if by not in ("AVG", "MIN", "MAX", "SUM") or order not in ("ASC", "DESC"):
        raise InvalidParameter(f"SORT takes AVG, MIN, MAX or SUM and then ASC or DESC, got {by!r} and {order!r}.")

    def key(series: TimeSeries) -> float:
        value = FUNCTIONS[str(by)](context, [series])
        return value if isinstance(value, float) and not math.isnan(value) else float("-inf")

    result = tuple(sorted(array, key=key, reverse=order == "DESC"))
    return result[: int(_scalar("SORT", arguments[3]))] if len(arguments) == 4 else result


def _slice(_: Context, arguments: Sequence[Argument]) -> Value:
    _takes("SLICE", arguments, 2, 3)
    bounds = [int(_scalar("SLICE", argument)) for argument in arguments[1:]]
    return _array("SLICE", arguments[0])[bounds[0] : bounds[1] if len(bounds) == 2 else None]


def _end(name: str, index: int) -> Function:
    def call(context: Context, arguments: Sequence[Argument]) -> Value:
        _takes(name, arguments, 1)
        array = _array(name, arguments[0])
        return array[index] if array else TimeSeries((None,) * len(context.timestamps))

    return call


def _one(name: str, how: Callable[[Context, Argument], Value]) -> Function:
    def call(context: Context, arguments: Sequence[Argument]) -> Value:
        _takes(name, arguments, 1)
        return how(context, arguments[0])

    return call


FUNCTIONS: dict[str, Function] = {
    "ABS": _pointwise("ABS", abs),
    "CEIL": _pointwise("CEIL", math.ceil),
    "FLOOR": _pointwise("FLOOR", math.floor),
    "LOG": _pointwise("LOG", math.log),
    "LOG10": _pointwise("LOG10", math.log10),
    "AVG": _reduction("AVG", statistics.fmean, missing_is_zero=True),
    "DATAPOINT_COUNT": _reduction("DATAPOINT_COUNT", len),
    "MAX": _reduction("MAX", max),
    "MIN": _reduction("MIN", min),
    "STDDEV": _reduction("STDDEV", statistics.pstdev),
    "SUM": _reduction("SUM", math.fsum),
    "DIFF": _each("DIFF", _change(lambda difference, _: difference)),
    "DIFF_TIME": _each("DIFF_TIME", _change(lambda _, seconds: seconds)),
    "RATE": _each("RATE", _change(lambda difference, seconds: difference / seconds)),
    "RUNNING_SUM": _each("RUNNING_SUM", _running_sum),
    "FILL": _fill,
    "IF": _if,
    "METRICS": _metrics,
    "METRIC_COUNT": _one("METRIC_COUNT", lambda _, array: float(len(_array("METRIC_COUNT", array)))),
    "PERIOD": _one("PERIOD", lambda context, _: float(context.period_seconds)),
    "REMOVE_EMPTY": _one(
        "REMOVE_EMPTY",
        lambda _, array: tuple(s for s in _array("REMOVE_EMPTY", array) if any(p is not None for p in s.points)),
    ),
    "TIME_SERIES": _one(
        "TIME_SERIES",
        lambda context, value: TimeSeries((_scalar("TIME_SERIES", value),) * len(context.timestamps)),
    ),
    "FIRST": _end("FIRST", 0),
    "LAST": _end("LAST", -1),
    "SLICE": _slice,
    "SORT": _sort,
    "MINUTE": _of_time("MINUTE", lambda at: at.minute),
    "HOUR": _of_time("HOUR", lambda at: at.hour),
    "DAY": _of_time("DAY", lambda at: at.isoweekday()),
    "DATE": _of_time("DATE", lambda at: at.day),
    "MONTH": _of_time("MONTH", lambda at: at.month),
    "YEAR": _of_time("YEAR", lambda at: at.year),
    "EPOCH": _of_time("EPOCH", lambda at: at.timestamp()),
}
