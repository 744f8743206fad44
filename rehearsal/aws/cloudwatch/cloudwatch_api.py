"""CloudWatch's API as boto3 spells it, over CloudWatch.

It must not know HTTP or protocols. Timestamps are the caller's wall clock and are translated here, so that "ten
minutes ago" is ten AWS minutes ago. What is not supported is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.aws.cloudwatch import alarm_operations, metric_operations
from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.api_resources import alarm_arns
from rehearsal.aws.cloudwatch.api_time import CallTime
from rehearsal.aws.cloudwatch.cloudwatch import CloudWatch
from rehearsal.aws.cloudwatch.errors import CloudWatchRejection, InvalidParameter
from rehearsal.aws.service_api import ApiError, Caller

_REQUIRED = {
    "PutMetricData": ("Namespace",),
    "GetMetricData": ("MetricDataQueries", "StartTime", "EndTime"),
    "GetMetricStatistics": ("Namespace", "MetricName", "StartTime", "EndTime", "Period"),
    "DescribeAlarmsForMetric": ("Namespace", "MetricName"),
    "DeleteAlarms": ("AlarmNames",),
    "SetAlarmState": ("AlarmName", "StateValue", "StateReason"),
    "EnableAlarmActions": ("AlarmNames",),
    "DisableAlarmActions": ("AlarmNames",),
}


class CloudWatchApi:
    service = "cloudwatch"
    operations = frozenset(
        {
            *("PutMetricData", "GetMetricData", "GetMetricStatistics", "ListMetrics"),
            *("PutMetricAlarm", "PutCompositeAlarm", "DeleteAlarms", "SetAlarmState"),
            *("DescribeAlarms", "DescribeAlarmsForMetric", "DescribeAlarmHistory"),
            *("EnableAlarmActions", "DisableAlarmActions"),
        }
    )

    def __init__(self, cloudwatch: CloudWatch) -> None:
        self._cloudwatch = cloudwatch

    def resources(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> list[str]:
        return alarm_arns(operation, parameters, caller)

    def call(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        missing = [key for key in _REQUIRED.get(operation, ()) if parameters.get(key) is None]
        if missing:
            raise ApiError("MissingParameter", f"{operation} needs {', '.join(missing)}.")
        try:
            return self._call(operation, parameters, caller)
        except CloudWatchRejection as exc:
            raise ApiError(exc.code, str(exc), status=exc.status) from exc

    def _call(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        cloudwatch, time = self._cloudwatch, CallTime.of(self._cloudwatch.clock)
        account, region = caller.account, caller.region
        match operation:
            case "PutMetricData":
                now = cloudwatch.clock.now()
                metric_operations.put_metric_data(cloudwatch.metrics, parameters, caller, time, now)
            case "GetMetricData":
                return metric_operations.get_metric_data(cloudwatch.metrics, parameters, caller, time)
            case "GetMetricStatistics":
                return metric_operations.get_metric_statistics(cloudwatch.metrics, parameters, caller, time)
            case "ListMetrics":
                return metric_operations.list_metrics(cloudwatch.metrics, parameters, caller)
            case "DescribeAlarms":
                return alarm_operations.describe_alarms(cloudwatch.alarms(account, region), parameters, time)
            case "DescribeAlarmsForMetric":
                return alarm_operations.describe_alarms_for_metric(cloudwatch.alarms(account, region), parameters, time)
            case "DescribeAlarmHistory":
                history = cloudwatch.history(account, region, parameters.get("AlarmName"))
                return alarm_operations.describe_alarm_history(history, parameters, time)
            case _:
                self._change_alarms(operation, parameters, caller)
        return {}

    def _change_alarms(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> None:
        cloudwatch, place = self._cloudwatch, (caller.account, caller.region)
        match operation:
            case "PutMetricAlarm":
                cloudwatch.put_metric_alarm(*place, parameters)
            case "PutCompositeAlarm":
                cloudwatch.put_composite_alarm(*place, parameters)
            case "DeleteAlarms":
                self._delete(parameters, caller)
            case "SetAlarmState":
                state = _state(parameters["StateValue"])
                reason_data = str(parameters.get("StateReasonData") or "")
                cloudwatch.set_alarm_state(
                    *place, parameters["AlarmName"], state, parameters["StateReason"], reason_data
                )
            case "EnableAlarmActions" | "DisableAlarmActions":
                for name in parameters["AlarmNames"]:
                    cloudwatch.enable_actions(*place, name, is_enabled=operation == "EnableAlarmActions")
            case _:
                raise ApiError("InvalidAction", f"The local CloudWatch does not serve {operation}.")

    def _delete(self, parameters: Mapping[str, Any], caller: Caller) -> None:
        """One composite alarm at most in a call. Names that do not exist are passed over, as the API documents."""
        there = {status.name: status for status in self._cloudwatch.alarms(caller.account, caller.region)}
        names = [str(name) for name in parameters["AlarmNames"]]
        composites = [name for name in names if name in there and there[name].is_composite]
        if len(composites) > 1:
            raise InvalidParameter(f"One composite alarm can be deleted in a call, got {', '.join(composites)}.")
        for name in [name for name in names if name in there]:
            self._cloudwatch.delete_alarm(caller.account, caller.region, name)


def _state(value: object) -> AlarmState:
    if value not in list(AlarmState):
        raise InvalidParameter(f"StateValue is {value!r}; allowed are {', '.join(AlarmState)}.")
    return AlarmState(str(value))
