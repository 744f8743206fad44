"""The API's reading operations on alarms: DescribeAlarms, DescribeAlarmsForMetric, DescribeAlarmHistory.

They must not change anything. Source: the operations' pages in the API reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.aws.cloudwatch.alarm import MetricAlarm
from rehearsal.aws.cloudwatch.alarm_book import AlarmStatus, HistoryItem
from rehearsal.aws.cloudwatch.api_time import CallTime
from rehearsal.aws.cloudwatch.errors import NotSupportedHere
from rehearsal.aws.cloudwatch.metric_query import parse_dimensions
from rehearsal.aws.cloudwatch.paging import page
from rehearsal.aws.resource import as_bool, as_float, as_int

_ALARMS_PER_PAGE = 50
_NUMBERS = {"EvaluationPeriods", "DatapointsToAlarm", "Period"}
_COMPOSITE_NUMBERS = {"ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"}
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def describe_alarms(alarms: Sequence[AlarmStatus], parameters: Mapping[str, Any], time: CallTime) -> dict[str, Any]:
    """Metric alarms only, unless AlarmTypes says otherwise."""
    for key in ("ChildrenOfAlarmName", "ParentsOfAlarmName"):
        if parameters.get(key):
            raise NotSupportedHere(f"DescribeAlarms with {key}")
    found, following = page(
        [status for status in alarms if _matches(status, parameters)], parameters, size=_ALARMS_PER_PAGE
    )
    shapes: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for status in found:
        shapes[status.is_composite].append(alarm_shape(status, time))
    return {"MetricAlarms": shapes[False], "CompositeAlarms": shapes[True], **following}


def describe_alarms_for_metric(
    alarms: Sequence[AlarmStatus], parameters: Mapping[str, Any], time: CallTime
) -> dict[str, Any]:
    """Alarms on that metric alone; alarms on expressions are not among them."""
    wanted = parse_dimensions(parameters.get("Dimensions") or [])
    found = []
    for status in alarms:
        given = status.alarm.properties
        is_same = all(given.get(key) == parameters[key] for key in ("Namespace", "MetricName"))
        is_asked = all(
            parameters.get(key) is None or str(given.get(key)) == str(parameters[key])
            for key in ("Statistic", "ExtendedStatistic", "Period", "Unit")
        )
        if is_same and is_asked and parse_dimensions(given.get("Dimensions") or []) == wanted:
            found.append(alarm_shape(status, time))
    return {"MetricAlarms": found}


def describe_alarm_history(
    history: Sequence[HistoryItem], parameters: Mapping[str, Any], time: CallTime
) -> dict[str, Any]:
    """Newest first unless ScanBy says otherwise."""
    types = parameters.get("AlarmTypes") or ["MetricAlarm"]
    kept = [
        item
        for item in history
        if parameters.get("HistoryItemType") in (None, item.kind)
        and (parameters.get("AlarmName") is not None or _type(item.status) in types)
        and (parameters.get("StartDate") is None or item.at >= time.to_aws(parameters["StartDate"]))
        and (parameters.get("EndDate") is None or item.at <= time.to_aws(parameters["EndDate"]))
    ]
    if parameters.get("ScanBy") != "TimestampAscending":
        kept.reverse()
    found, following = page(kept, parameters, size=_ALARMS_PER_PAGE)
    return {"AlarmHistoryItems": [_history_shape(item, time) for item in found], **following}


def alarm_shape(status: AlarmStatus, time: CallTime) -> dict[str, Any]:
    """MetricAlarm or CompositeAlarm of the API."""
    given = status.alarm.properties
    shape: dict[str, Any] = {
        "AlarmName": status.name,
        "AlarmArn": status.arn,
        "ActionsEnabled": status.actions_enabled,
        "StateValue": status.state.value,
        "StateReason": status.reason,
        "StateUpdatedTimestamp": time.to_wall(status.updated_at),
        "StateTransitionedTimestamp": time.to_wall(status.transitioned_at),
        "AlarmConfigurationUpdatedTimestamp": time.to_wall(status.configured_at),
        **{key: list(given.get(key) or []) for key in _ACTIONS},
    }
    if given.get("AlarmDescription") is not None:
        shape["AlarmDescription"] = given["AlarmDescription"]
    if status.reason_data:
        shape["StateReasonData"] = status.reason_data
    if isinstance(status.alarm, MetricAlarm):
        return shape | _metric_alarm_shape(status.alarm)
    shape |= {key: as_int(given[key]) for key in _COMPOSITE_NUMBERS if given.get(key) is not None}
    if given.get("ActionsSuppressor") is not None:
        shape["ActionsSuppressor"] = given["ActionsSuppressor"]
    return shape | {"AlarmRule": given["AlarmRule"]}


def _metric_alarm_shape(alarm: MetricAlarm) -> dict[str, Any]:
    given = alarm.properties
    as_given = (
        *("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Unit", "ComparisonOperator"),
        *("TreatMissingData", "EvaluateLowSampleCountPercentile"),
    )
    shape: dict[str, Any] = {key: given[key] for key in as_given if given.get(key) is not None}
    shape |= {key: as_int(given[key]) for key in _NUMBERS if given.get(key) is not None}
    shape["Threshold"] = as_float(given["Threshold"])
    if given.get("Metrics"):
        shape["Metrics"] = [_query_shape(query) for query in given["Metrics"]]
    else:
        shape["Dimensions"] = list(given.get("Dimensions") or [])
    return shape


def _query_shape(query: Mapping[str, Any]) -> dict[str, Any]:
    """As given, with numbers and booleans where CloudFormation hands over strings."""
    shape = dict(query)
    if "ReturnData" in shape:
        shape["ReturnData"] = as_bool(shape["ReturnData"])
    if shape.get("Period") is not None:
        shape["Period"] = as_int(shape["Period"])
    if shape.get("MetricStat"):
        shape["MetricStat"] = {**shape["MetricStat"], "Period": as_int(shape["MetricStat"]["Period"])}
    return shape


def _matches(status: AlarmStatus, parameters: Mapping[str, Any]) -> bool:
    names, types = parameters.get("AlarmNames"), parameters.get("AlarmTypes") or ["MetricAlarm"]
    prefix, actions = parameters.get("AlarmNamePrefix"), parameters.get("ActionPrefix")
    return (
        (not names or status.name in names)
        and _type(status) in types
        and (not prefix or status.name.startswith(prefix))
        and parameters.get("StateValue") in (None, status.state.value)
        and (
            not actions
            or any(str(a).startswith(actions) for key in _ACTIONS for a in status.alarm.properties.get(key) or [])
        )
    )


def _type(status: AlarmStatus) -> str:
    return "CompositeAlarm" if status.is_composite else "MetricAlarm"


def _history_shape(item: HistoryItem, time: CallTime) -> dict[str, Any]:
    data: dict[str, Any] = {"version": "1.0", "type": item.kind}
    if item.old_state is not None:
        data |= {
            "oldState": {"stateValue": item.old_state.value},
            "newState": {"stateValue": item.status.state.value, "stateReason": item.status.reason},
        }
    return {
        "AlarmName": item.status.name,
        "AlarmType": _type(item.status),
        "Timestamp": time.to_wall(item.at),
        "HistoryItemType": item.kind,
        "HistorySummary": item.summary,
        "HistoryData": json.dumps(data),
    }
