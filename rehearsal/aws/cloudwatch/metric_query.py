"""Metric data queries: metrics read from the store and expressions over them (MetricDataQuery of the API).

It must not know alarms. Source: API MetricDataQuery, GetMetricData. Every metric of one call of `evaluate` has the
same period; queries with several periods are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.cloudwatch.errors import InvalidParameter, NotSupportedHere
from rehearsal.aws.cloudwatch.metric_math.functions import Context
from rehearsal.aws.cloudwatch.metric_math.interpreter import Interpreter
from rehearsal.aws.cloudwatch.metric_math.parser import Node, parse_expression
from rehearsal.aws.cloudwatch.metric_math.values import SeriesArray, TimeSeries
from rehearsal.aws.cloudwatch.metric_store import MetricId, MetricStore, Window, metric_id
from rehearsal.aws.cloudwatch.statistic import Samples, Statistic, parse_statistic
from rehearsal.aws.resource import as_bool, as_int

_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_METRICS_INSIGHTS = re.compile(r"\s*SELECT\s", re.IGNORECASE)


@dataclass(frozen=True)
class MetricStat:
    """A metric's statistic; `unit` None reads every unit."""

    metric: MetricId
    statistic: Statistic
    period_seconds: int
    unit: str | None = None


@dataclass(frozen=True)
class MetricDataQuery:
    """Either `metric_stat` or `expression` (parsed from `expression_text`) is there.

    `period_seconds` is the period of an expression that uses no metric, if it was given.
    """

    id: str
    metric_stat: MetricStat | None = None
    expression: Node | None = None
    expression_text: str = ""
    label: str | None = None
    returns_data: bool = True
    period_seconds: int | None = None


def parse_queries(queries: Sequence[Mapping[str, Any]], *, account: str, region: str) -> tuple[MetricDataQuery, ...]:
    """From the API's or CloudFormation's shape. Raises InvalidParameter and NotSupportedHere."""
    parsed = tuple(_parse_query(query, account=account, region=region) for query in queries)
    ids = [query.id for query in parsed]
    if len(set(ids)) != len(ids):
        raise InvalidParameter(f"The Ids of the metric data queries are not unique: {', '.join(ids)}.")
    return parsed


def parse_dimensions(dimensions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {str(dimension["Name"]): str(dimension["Value"]) for dimension in dimensions}


def parse_period(value: object) -> int:
    """Whole minutes only. Raises NotSupportedHere for the shorter ones of high-resolution metrics."""
    period = as_int(value)
    if period in (1, 5, 10, 20, 30):
        raise NotSupportedHere(f"A period of {period} seconds (high resolution; the shortest here is 60)")
    if period <= 0 or period % 60:
        raise InvalidParameter(
            f"The period is {period} seconds; allowed are multiples of 60.", code="InvalidParameterValue"
        )
    return period


def evaluate(
    queries: Sequence[MetricDataQuery], store: MetricStore, *, start: int, period_seconds: int, count: int
) -> dict[str, TimeSeries | SeriesArray]:
    """The values of every query that returns data, by id, at `count` timestamps from `start` on."""
    window = Window(start, period_seconds, count)
    metrics: dict[str, TimeSeries] = {}
    for query in queries:
        if query.metric_stat is not None:
            if query.metric_stat.period_seconds != period_seconds:
                raise NotSupportedHere("Queries with metrics of different periods")
            metrics[query.id] = _read(query, query.metric_stat, store, window)
    expressions = {query.id: query.expression for query in queries if query.expression is not None}
    interpreter = Interpreter(Context(tuple(window.timestamps()), period_seconds, metrics), expressions)
    return {query.id: interpreter.result(query.id) for query in queries if query.returns_data}


def samples(stat: MetricStat, store: MetricStore, window: Window) -> list[Samples]:
    return store.read(stat.metric, window, unit=stat.unit)


def _read(query: MetricDataQuery, stat: MetricStat, store: MetricStore, window: Window) -> TimeSeries:
    points = tuple(stat.statistic.of(one) for one in samples(stat, store, window))
    return TimeSeries(points, query.label if query.label is not None else stat.metric.name)


def _parse_query(query: Mapping[str, Any], *, account: str, region: str) -> MetricDataQuery:
    id_ = str(query.get("Id", ""))
    if not _ID.fullmatch(id_):
        raise InvalidParameter(f"The Id is {id_!r}; it starts with a lowercase letter, then letters, digits and _.")
    if str(query.get("AccountId") or account) != account:
        raise NotSupportedHere(f"AccountId {query['AccountId']} (a metric of another account)")
    metric_stat, text = query.get("MetricStat"), query.get("Expression")
    if (metric_stat is None) == (text is None):
        raise InvalidParameter(f"The query {id_!r} takes either MetricStat or Expression.")
    label = query.get("Label")
    return MetricDataQuery(
        id=id_,
        metric_stat=None if metric_stat is None else _parse_stat(metric_stat, account=account, region=region),
        expression=None if text is None else _parse_expression(str(text)),
        expression_text="" if text is None else str(text),
        label=None if label is None else str(label),
        returns_data=as_bool(query.get("ReturnData", True)),
        period_seconds=None if query.get("Period") is None else parse_period(query["Period"]),
    )


def _parse_expression(text: str) -> Node:
    if _METRICS_INSIGHTS.match(text):
        raise NotSupportedHere(f"The Metrics Insights query {text!r}")
    return parse_expression(text)


def _parse_stat(stat: Mapping[str, Any], *, account: str, region: str) -> MetricStat:
    metric = stat["Metric"]
    dimensions = parse_dimensions(metric.get("Dimensions") or [])
    return MetricStat(
        metric=metric_id(account, region, str(metric["Namespace"]), str(metric["MetricName"]), dimensions),
        statistic=parse_statistic(str(stat["Stat"])),
        period_seconds=parse_period(stat["Period"]),
        unit=stat.get("Unit"),
    )
