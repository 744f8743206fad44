"""The API's operations on metrics: PutMetricData, GetMetricData, GetMetricStatistics, ListMetrics.

They must not know alarms, nor which account calls whom. Source: the operations' pages in the API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rehearsal.aws.cloudwatch.api_time import CallTime
from rehearsal.aws.cloudwatch.errors import InvalidParameter
from rehearsal.aws.cloudwatch.metric_datum import refuse_metric_data, refuse_timestamp
from rehearsal.aws.cloudwatch.metric_math.parser import names
from rehearsal.aws.cloudwatch.metric_math.values import TimeSeries
from rehearsal.aws.cloudwatch.metric_query import (
    MetricDataQuery,
    evaluate,
    parse_dimensions,
    parse_period,
    parse_queries,
)
from rehearsal.aws.cloudwatch.metric_store import MetricId, MetricStore, Window, metric_id
from rehearsal.aws.cloudwatch.paging import page
from rehearsal.aws.cloudwatch.statistic import Samples, parse_statistic
from rehearsal.aws.service_api import Caller

_MAXIMUM_DATA_POINTS = 100_800
_METRICS_PER_PAGE = 500
_DEFAULT_PERIOD_SECONDS = 60


def put_metric_data(
    store: MetricStore, parameters: Mapping[str, Any], caller: Caller, time: CallTime, now: float
) -> None:
    """`now` (AWS seconds) stamps what has no Timestamp. A call that is refused stores nothing."""
    namespace = str(parameters["Namespace"])
    data = list(parameters.get("MetricData") or [])
    for group in parameters.get("EntityMetricData") or []:
        data.extend(group.get("MetricData") or [])
    refuse_metric_data(namespace, data)
    times = [time.to_aws(datum["Timestamp"]) if datum.get("Timestamp") else now for datum in data]
    for at in times:
        refuse_timestamp(at, now)
    for datum, at in zip(data, times, strict=True):
        dimensions = parse_dimensions(datum.get("Dimensions") or [])
        metric = metric_id(caller.account, caller.region, namespace, str(datum["MetricName"]), dimensions)
        store.change(metric, at=at, unit=datum.get("Unit"), how=_adding(datum))


def get_metric_data(
    store: MetricStore, parameters: Mapping[str, Any], caller: Caller, time: CallTime
) -> dict[str, Any]:
    """Every data point in one page, newest first unless ScanBy says otherwise."""
    queries = parse_queries(parameters["MetricDataQueries"], account=caller.account, region=caller.region)
    is_ascending = parameters.get("ScanBy") == "TimestampAscending"
    results = []
    for query in queries:
        if query.returns_data:
            needed = _needed(query, queries)
            window = _window(parameters, _period(needed), time)
            found = evaluate(
                needed, store, start=window.start, period_seconds=window.period_seconds, count=window.count
            )[query.id]
            for series in [found] if isinstance(found, TimeSeries) else found:
                results.append(_result(query, series, window, time, is_ascending=is_ascending))
    return {"MetricDataResults": results, "Messages": []}


def get_metric_statistics(
    store: MetricStore, parameters: Mapping[str, Any], caller: Caller, time: CallTime
) -> dict[str, Any]:
    basic, extended = list(parameters.get("Statistics") or []), list(parameters.get("ExtendedStatistics") or [])
    if bool(basic) == bool(extended):
        raise InvalidParameter("Give either Statistics or ExtendedStatistics.", code="InvalidParameterCombination")
    dimensions = parse_dimensions(parameters.get("Dimensions") or [])
    name = str(parameters["MetricName"])
    metric = metric_id(caller.account, caller.region, str(parameters["Namespace"]), name, dimensions)
    window = _window(parameters, parse_period(parameters["Period"]), time)
    unit = parameters.get("Unit")
    shown_unit = unit or store.unit(metric) or "None"
    points = []
    for at, samples in zip(window.timestamps(), store.read(metric, window, unit=unit), strict=True):
        if samples.count > 0:
            point: dict[str, Any] = {"Timestamp": time.to_wall(at), "Unit": shown_unit}
            point.update(_statistics(samples, basic))
            if extended:
                point["ExtendedStatistics"] = _statistics(samples, extended)
            points.append(point)
    return {"Label": name, "Datapoints": points}


def list_metrics(store: MetricStore, parameters: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    found = [metric for metric in store.metrics(caller.account, caller.region) if _matches(metric, parameters)]
    metrics, following = page(found, {"NextToken": parameters.get("NextToken")}, size=_METRICS_PER_PAGE)
    shapes = [
        {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        }
        for metric in metrics
    ]
    return {"Metrics": shapes, **following}


def _adding(datum: Mapping[str, Any]) -> Callable[[Samples], None]:
    given = [key for key in ("Value", "Values", "StatisticValues") if datum.get(key) is not None]
    if len(given) != 1:
        raise InvalidParameter(
            f"The datum {datum['MetricName']} takes one of Value, Values and StatisticValues, got {given}.",
            code="InvalidParameterCombination",
        )
    if given == ["StatisticValues"]:
        values = datum["StatisticValues"]
        return lambda samples: samples.add_set(
            count=float(values["SampleCount"]),
            total=float(values["Sum"]),
            minimum=float(values["Minimum"]),
            maximum=float(values["Maximum"]),
        )
    numbers = [float(value) for value in datum.get("Values") or [datum["Value"]]]
    weights = [float(count) for count in datum.get("Counts") or [1.0] * len(numbers)]
    if len(weights) != len(numbers):
        raise InvalidParameter(f"Values has {len(numbers)} members and Counts {len(weights)}; they need as many.")

    def add(samples: Samples) -> None:
        for value, weight in zip(numbers, weights, strict=True):
            samples.add(value, weight)

    return add


def _needed(query: MetricDataQuery, queries: Sequence[MetricDataQuery]) -> list[MetricDataQuery]:
    """The query, and for an expression also what it can refer to: an expression may use METRICS()."""
    if query.expression is None:
        return [query]
    used = {query.id, *_reachable(query, {other.id: other for other in queries})}
    uses_all = any("METRICS" in other.expression_text for other in queries if other.id in used)
    return [
        other if other.id == query.id else replace(other, returns_data=False)
        for other in queries
        if other.id in used or (uses_all and other.metric_stat is not None)
    ]


def _reachable(query: MetricDataQuery, by_id: Mapping[str, MetricDataQuery]) -> set[str]:
    found: set[str] = set()
    waiting = [query]
    while waiting:
        expression = waiting.pop().expression
        for name in set(names(expression)) & set(by_id) - found if expression is not None else set():
            found.add(name)
            waiting.append(by_id[name])
    return found


def _period(queries: Sequence[MetricDataQuery]) -> int:
    of_metrics = [query.metric_stat.period_seconds for query in queries if query.metric_stat is not None]
    of_expressions = [query.period_seconds for query in queries if query.period_seconds is not None]
    return max(of_metrics or of_expressions, default=_DEFAULT_PERIOD_SECONDS)


def _window(parameters: Mapping[str, Any], period_seconds: int, time: CallTime) -> Window:
    """StartTime is rounded down to the minute, EndTime is exclusive; periods count from the start."""
    start = int(time.to_aws(parameters["StartTime"]) // 60) * 60
    end = time.to_aws(parameters["EndTime"])
    count = max(0, int(-((start - end) // period_seconds)))
    if end <= start:
        raise InvalidParameter("StartTime must be before EndTime.", code="ValidationError")
    if count > _MAXIMUM_DATA_POINTS:
        raise InvalidParameter(
            f"The call asks for {count} data points of a metric; allowed are {_MAXIMUM_DATA_POINTS}.",
            code="InvalidParameterCombination",
        )
    return Window(start, period_seconds, count)


def _result(
    query: MetricDataQuery, series: TimeSeries, window: Window, time: CallTime, *, is_ascending: bool
) -> dict[str, Any]:
    points = [
        (time.to_wall(at), value)
        for at, value in zip(window.timestamps(), series.points, strict=True)
        if value is not None
    ]
    if not is_ascending:
        points.reverse()
    if query.label is not None:
        label = query.label
    else:
        label = query.id if query.metric_stat is None else query.metric_stat.metric.name
    return {
        "Id": query.id,
        "Label": label,
        "Timestamps": [at for at, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete",
    }


def _statistics(samples: Samples, statistics: Sequence[str]) -> dict[str, float]:
    values = {name: parse_statistic(name).of(samples) for name in statistics}
    return {name: value for name, value in values.items() if value is not None}


def _matches(metric: MetricId, parameters: Mapping[str, Any]) -> bool:
    dimensions = dict(metric.dimensions)
    return (
        parameters.get("Namespace") in (None, metric.namespace)
        and parameters.get("MetricName") in (None, metric.name)
        and all(
            wanted["Name"] in dimensions and wanted.get("Value") in (None, dimensions[wanted["Name"]])
            for wanted in parameters.get("Dimensions") or []
        )
    )
