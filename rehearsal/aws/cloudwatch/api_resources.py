"""The resources that CloudWatch's operations are authorized on. It must not decide who may do what.

Source: "Actions, resources, and condition keys for Amazon CloudWatch" (service authorization reference).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.aws.service_api import Caller

_EVERY_ALARM = frozenset({"DescribeAlarms", "DescribeAlarmsForMetric", "DescribeAlarmHistory"})


def alarm_arns(operation: str, parameters: Mapping[str, Any], caller: Caller) -> list[str]:
    """The alarms that the parameters name, every alarm where a description names none; nothing for metrics."""
    names = parameters.get("AlarmNames") or [parameters[key] for key in ("AlarmName",) if parameters.get(key)]
    if not names and operation in _EVERY_ALARM:
        names = ["*"]
    return [f"arn:aws:cloudwatch:{caller.region}:{caller.account}:alarm:{name}" for name in names]
