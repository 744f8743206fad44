"""Says why an alarm is in its state, in CloudWatch's own sentences (StateReason).

It must not decide states. Source: the StateReason of DescribeAlarms and DescribeAlarmHistory in AWS's examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rehearsal.aws.cloudwatch.alarm import COMPARISONS, MetricAlarm
from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState, TreatMissingData, Verdict

INITIAL_REASON = "Unchecked: Initial alarm creation"
_TREATED_AS = {
    TreatMissingData.BREACHING: "Breaching",
    TreatMissingData.NOT_BREACHING: "NonBreaching",
    TreatMissingData.IGNORE: "Ignore",
    TreatMissingData.MISSING: "Missing",
}


def reason(
    alarm: MetricAlarm, state: AlarmState, verdict: Verdict, points: Sequence[float | None], timestamps: Sequence[int]
) -> str:
    """`points` and `timestamps` are the evaluation range. Times are the run's own (AWS seconds), shown in UTC."""
    if state is AlarmState.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_count(verdict.filled, 'datapoint')} {_was(verdict.filled)} unknown."
    if not verdict.evaluated:
        return (
            f"Threshold Crossed: no datapoints were received for {_count(alarm.evaluation_periods, 'period')} and"
            f" {_count(verdict.filled, 'missing datapoint')} {_was(verdict.filled)} treated as"
            f" [{_TREATED_AS[alarm.treat_missing_data]}]."
        )
    shown = [
        (points[index], timestamps[index])
        for index in reversed(verdict.evaluated)
        if alarm.breaches(points[index] or 0.0) is (state is AlarmState.ALARM)
    ]
    values = ", ".join(f"{value} ({_time(at)})" for value, at in shown)
    no = "" if state is AlarmState.ALARM else "not "
    change = "OK -> ALARM" if state is AlarmState.ALARM else "ALARM -> OK"
    return (
        f"Threshold Crossed: {len(shown)} out of the last {_count(len(verdict.evaluated), 'datapoint')} [{values}]"
        f" {_was(len(shown))} {no}{COMPARISONS[alarm.comparison][1]} the threshold ({alarm.threshold})"
        f" (minimum {_count(_minimum(alarm, state), 'datapoint')} for {change} transition)."
    )


def _minimum(alarm: MetricAlarm, state: AlarmState) -> int:
    if state is AlarmState.ALARM:
        return alarm.datapoints_to_alarm
    return alarm.evaluation_periods - alarm.datapoints_to_alarm + 1


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _time(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%d/%m/%y %H:%M:%S")
