"""Gives CloudWatch's own parsers what is certain of an alarm, with stand-ins for the rest (deployment_checks.py).

It must not know what an alarm may say. Both functions raise what the parsers raise: CloudWatchRejection, ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rehearsal.aws.cloudwatch.alarm import parse_composite_alarm, parse_metric_alarm
from rehearsal.plan.certain import has_hidden, is_hidden

_STAND_INS = {"Threshold": "1", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": "1", "Period": "60"}
_STATISTICS = ("Statistic", "ExtendedStatistic")
_HIDDEN_NAME = re.compile(r"\(\s*(?:\"[^\"]*<[^<>]+>[^\"]*\"|[^()\"\s]*<[^<>]+>[^()\"\s]*)\s*\)")


class _Undecided(Exception):
    """Too much is hidden to say anything."""


def check_alarm(properties: Mapping[str, Any], logical_id: str, account: str, region: str) -> None:
    try:
        known = _known(properties)
    except _Undecided:
        return
    parse_metric_alarm({"AlarmName": logical_id, **known}, account=account, region=region)


def check_composite_alarm(properties: Mapping[str, Any], logical_id: str) -> None:
    known = {key: value for key, value in properties.items() if not is_hidden(value)}
    if "AlarmRule" in properties:
        rule = _HIDDEN_NAME.sub('("hidden")', str(properties["AlarmRule"]))
        if is_hidden(rule):
            return
        known["AlarmRule"] = rule
    parse_composite_alarm({"AlarmName": logical_id, **known})


def _known(properties: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in properties.items() if not has_hidden(value)}
    hidden = properties.keys() - known.keys()
    if "Metrics" in hidden:
        known["Metrics"] = _known_queries(properties["Metrics"])
    if "EvaluationPeriods" in hidden:
        known.pop("DatapointsToAlarm", None)
    if hidden.intersection(_STATISTICS):
        known.pop("ExtendedStatistic", None)
        known["Statistic"] = "Sum"
    known |= {key: _STAND_INS[key] for key in hidden.intersection(_STAND_INS)}
    return known | {key: properties[key] for key in hidden.intersection({"Namespace", "MetricName"})}


def _known_queries(queries: Any) -> list[dict[str, Any]]:
    """A query whose expression, metric or role in the alarm is hidden leaves all undecided."""
    if not isinstance(queries, list) or not all(isinstance(query, Mapping) for query in queries):
        raise _Undecided
    period = next((found for found in map(_period, queries) if found is not None and not is_hidden(found)), "60")
    return [_known_query(query, period) for query in queries]


def _known_query(query: Mapping[str, Any], period: Any) -> dict[str, Any]:
    if any(has_hidden(query.get(key)) for key in ("Id", "Expression", "ReturnData")):
        raise _Undecided
    known = {key: value for key, value in query.items() if not has_hidden(value)}
    stat = query.get("MetricStat")
    if not has_hidden(stat):
        return known
    metric = stat.get("Metric") if isinstance(stat, Mapping) else None
    if not isinstance(stat, Mapping) or not isinstance(metric, Mapping):
        raise _Undecided
    of = {key: value for key, value in metric.items() if key != "Dimensions" or not has_hidden(value)}
    shown = {key: value for key, value in stat.items() if not has_hidden(value)}
    return {**known, "MetricStat": {"Stat": "Sum", "Period": period, **shown, "Metric": of}}


def _period(query: Mapping[str, Any]) -> Any:
    stat = query.get("MetricStat")
    return stat.get("Period") if isinstance(stat, Mapping) else None
