"""What an alarm is: the definitions of metric alarms and composite alarms, read from PutMetricAlarm's shape.

It must not know states or time. Source: APIs PutMetricAlarm and PutCompositeAlarm; the CloudFormation resource types
spell the same properties, with strings for numbers. Every property that is not understood is refused by name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.aws.cloudwatch.alarm_evaluation import TreatMissingData
from rehearsal.aws.cloudwatch.alarm_rule import Rule, parse_rule
from rehearsal.aws.cloudwatch.errors import InvalidParameter, NotSupportedHere
from rehearsal.aws.cloudwatch.metric_math.values import TimeSeries
from rehearsal.aws.cloudwatch.metric_query import (
    MetricDataQuery,
    MetricStat,
    evaluate,
    parse_dimensions,
    parse_period,
    parse_queries,
)
from rehearsal.aws.cloudwatch.metric_store import MetricStore, metric_id
from rehearsal.aws.cloudwatch.statistic import parse_statistic
from rehearsal.aws.resource import as_bool, as_float, as_int

_COMMON = {"AlarmName", "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions", "InsufficientDataActions"}
_SINGLE_METRIC = {"Namespace", "MetricName", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic"}
_METRIC_ALARM = {
    *(_COMMON | _SINGLE_METRIC),
    *("Metrics", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator"),
    *("TreatMissingData", "EvaluateLowSampleCountPercentile", "Tags"),
}
_COMPOSITE_ALARM = {
    *_COMMON,
    *("AlarmRule", "Tags", "ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"),
}
_MAXIMUM_METRICS = 10
_DAY_SECONDS = 86_400

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
_ANOMALY_COMPARISONS = {
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
}


@dataclass(frozen=True)
class MetricAlarm:
    """`queries` holds the metric or the expression that is watched (its `returns_data`) and what it is made of.

    `properties` is the definition as it was given, for DescribeAlarms; its keys are PutMetricAlarm's.
    """

    name: str
    queries: tuple[MetricDataQuery, ...]
    period_seconds: int
    evaluation_periods: int
    datapoints_to_alarm: int
    threshold: float
    comparison: str
    treat_missing_data: TreatMissingData
    ignores_low_samples: bool
    properties: Mapping[str, Any] = field(compare=False)

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison][0](value, self.threshold)

    def metric_stats(self) -> list[MetricStat]:
        return [query.metric_stat for query in self.queries if query.metric_stat is not None]


@dataclass(frozen=True)
class CompositeAlarm:
    """`properties` is the definition as it was given; its keys are PutCompositeAlarm's."""

    name: str
    rule: Rule
    properties: Mapping[str, Any] = field(compare=False)


Alarm = MetricAlarm | CompositeAlarm


def parse_composite_alarm(properties: Mapping[str, Any]) -> CompositeAlarm:
    """Raises InvalidParameter and NotSupportedHere."""
    _refuse_unknown(properties, _COMPOSITE_ALARM)
    return CompositeAlarm(_name(properties), parse_rule(str(_required(properties, "AlarmRule"))), properties)


def parse_metric_alarm(properties: Mapping[str, Any], *, account: str, region: str) -> MetricAlarm:
    """Raises InvalidParameter and NotSupportedHere."""
    _refuse_unknown(properties, _METRIC_ALARM)
    queries = _queries(properties, account=account, region=region)
    stats = [query.metric_stat for query in queries if query.metric_stat is not None]
    periods = {stat.period_seconds for stat in stats}
    if len(periods) != 1:
        raise InvalidParameter(f"The alarm's metrics have the periods {sorted(periods)}; they need one and the same.")
    evaluation_periods = as_int(_required(properties, "EvaluationPeriods"))
    datapoints_to_alarm = as_int(properties.get("DatapointsToAlarm", evaluation_periods))
    alarm = MetricAlarm(
        name=_name(properties),
        queries=queries,
        period_seconds=periods.pop(),
        evaluation_periods=evaluation_periods,
        datapoints_to_alarm=datapoints_to_alarm,
        threshold=as_float(_required(properties, "Threshold")),
        comparison=_comparison(properties),
        treat_missing_data=_treat_missing_data(properties, stats),
        ignores_low_samples=_ignores_low_samples(properties),
        properties=properties,
    )
    _check_numbers(alarm)
    _check_result(alarm)
    return alarm


def _refuse_unknown(properties: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(key for key, value in properties.items() if key not in known and value is not None)
    if unknown:
        raise NotSupportedHere(f"The alarm property {', '.join(unknown)}")


def _required(properties: Mapping[str, Any], key: str) -> Any:
    if properties.get(key) is None:
        raise InvalidParameter(f"The alarm needs {key}.", code="MissingParameter")
    return properties[key]


def _name(properties: Mapping[str, Any]) -> str:
    name = str(_required(properties, "AlarmName"))
    if not 1 <= len(name) <= 255:
        raise InvalidParameter(f"The alarm's name has {len(name)} characters; allowed are 1 to 255.")
    return name


def _queries(properties: Mapping[str, Any], *, account: str, region: str) -> tuple[MetricDataQuery, ...]:
    metrics = properties.get("Metrics")
    if not metrics:
        return (_single_query(properties, account=account, region=region),)
    both = sorted(key for key in _SINGLE_METRIC if properties.get(key) is not None)
    if both:
        raise InvalidParameter(
            f"An alarm takes Metrics or {', '.join(both)}, not both.", code="InvalidParameterCombination"
        )
    queries = parse_queries(metrics, account=account, region=region)
    returned = [query.id for query in queries if query.returns_data]
    if len(returned) != 1:
        raise InvalidParameter(f"Exactly one of Metrics has ReturnData true, got {', '.join(returned) or 'none'}.")
    if sum(query.metric_stat is not None for query in queries) > _MAXIMUM_METRICS:
        raise InvalidParameter(f"An alarm's expression includes at most {_MAXIMUM_METRICS} metrics.")
    return queries


def _single_query(properties: Mapping[str, Any], *, account: str, region: str) -> MetricDataQuery:
    statistic, extended = properties.get("Statistic"), properties.get("ExtendedStatistic")
    if (statistic is None) == (extended is None):
        raise InvalidParameter(
            "An alarm takes either Statistic or ExtendedStatistic.", code="InvalidParameterCombination"
        )
    dimensions = parse_dimensions(properties.get("Dimensions") or [])
    namespace, name = (str(_required(properties, key)) for key in ("Namespace", "MetricName"))
    stat = MetricStat(
        metric=metric_id(account, region, namespace, name, dimensions),
        statistic=parse_statistic(str(statistic or extended)),
        period_seconds=parse_period(_required(properties, "Period")),
        unit=properties.get("Unit"),
    )
    return MetricDataQuery(id="m1", metric_stat=stat)


def _comparison(properties: Mapping[str, Any]) -> str:
    comparison = str(_required(properties, "ComparisonOperator"))
    if comparison in _ANOMALY_COMPARISONS:
        raise NotSupportedHere(f"ComparisonOperator {comparison} (anomaly detection)")
    if comparison not in COMPARISONS:
        raise InvalidParameter(f"ComparisonOperator is {comparison!r}; allowed are {', '.join(COMPARISONS)}.")
    return comparison


def _treat_missing_data(properties: Mapping[str, Any], stats: list[MetricStat]) -> TreatMissingData:
    """Alarms on metrics of AWS/DynamoDB ignore missing data unless they say otherwise."""
    value = properties.get("TreatMissingData")
    if value is None:
        is_dynamodb = any(stat.metric.namespace == "AWS/DynamoDB" for stat in stats)
        return TreatMissingData.IGNORE if is_dynamodb else TreatMissingData.MISSING
    if value not in list(TreatMissingData):
        raise InvalidParameter(f"TreatMissingData is {value!r}; allowed are {', '.join(TreatMissingData)}.")
    return TreatMissingData(value)


def _ignores_low_samples(properties: Mapping[str, Any]) -> bool:
    value = properties.get("EvaluateLowSampleCountPercentile", "evaluate")
    if value not in ("evaluate", "ignore"):
        raise InvalidParameter(f"EvaluateLowSampleCountPercentile is {value!r}; allowed are evaluate and ignore.")
    return bool(value == "ignore")


def _check_numbers(alarm: MetricAlarm) -> None:
    if not 1 <= alarm.datapoints_to_alarm <= alarm.evaluation_periods:
        raise InvalidParameter(
            f"DatapointsToAlarm is {alarm.datapoints_to_alarm}; allowed is 1 to EvaluationPeriods"
            f" ({alarm.evaluation_periods})."
        )
    longest = _DAY_SECONDS * (7 if alarm.period_seconds >= 3600 else 1)
    if alarm.period_seconds * alarm.evaluation_periods > longest:
        raise InvalidParameter(
            f"The alarm evaluates {alarm.evaluation_periods} periods of {alarm.period_seconds} seconds; together they"
            f" must not exceed {longest} seconds."
        )


def _check_result(alarm: MetricAlarm) -> None:
    """Computes the alarm's expression without data, so that what is wrong in it is known when the alarm is made."""
    values = evaluate(alarm.queries, MetricStore(), start=0, period_seconds=alarm.period_seconds, count=1)
    if any(not isinstance(value, TimeSeries) for value in values.values()):
        raise InvalidParameter("The alarm's expression gives several time series; an alarm watches one.")


def actions_enabled(alarm: Alarm) -> bool:
    return as_bool(alarm.properties.get("ActionsEnabled", True))
