"""Decides a metric alarm's state from its data points: M of N, evaluation range, missing data, premature alarm.

Pure. It must not know metrics, statistics or time. Source: "Alarm evaluation", "Configuring how CloudWatch alarms
treat missing data" and its tables, "Avoiding premature transitions to alarm state".

AWS names one evaluation range (5 data points for 3 evaluation periods) and says that others depend on the period; it
is taken as two more than the evaluation periods here.

Where AWS's texts differ: today's page says of `- - - - X` only that the alarm "does not go immediately into ALARM
state"; the tables of 2019 give INSUFFICIENT_DATA for `missing` and the current state for `ignore`, which is followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

EXTRA_DATA_POINTS = 2


class AlarmState(StrEnum):
    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class TreatMissingData(StrEnum):
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"
    IGNORE = "ignore"
    MISSING = "missing"


@dataclass(frozen=True)
class Verdict:
    """`state` None retains the current one. `evaluated` are the indexes of the real data points that decided, and
    `filled` how many missing ones were treated as the alarm says."""

    state: AlarmState | None
    evaluated: tuple[int, ...]
    filled: int


def evaluation_range(evaluation_periods: int) -> int:
    """How many data points are retrieved to evaluate an alarm."""
    return evaluation_periods + EXTRA_DATA_POINTS


def evaluate_data_points(
    breaching: Sequence[bool | None],
    *,
    evaluation_periods: int,
    datapoints_to_alarm: int,
    treat_missing_data: TreatMissingData,
) -> Verdict:
    """`breaching` is the evaluation range, oldest first; None is a missing data point."""
    real = [index for index, point in enumerate(breaching) if point is not None][-evaluation_periods:]
    bad = sum(1 for index in real if breaching[index])
    filled = evaluation_periods - len(real)
    is_alarm = bad + (filled if treat_missing_data is TreatMissingData.BREACHING else 0) >= datapoints_to_alarm
    state: AlarmState | None = AlarmState.ALARM if is_alarm else AlarmState.OK
    if filled and not is_alarm and treat_missing_data in (TreatMissingData.MISSING, TreatMissingData.IGNORE):
        state = _with_too_few(breaching, real, datapoints_to_alarm, treat_missing_data, none_is_good=bad == len(real))
    return Verdict(state, tuple(real), filled)


def _with_too_few(
    breaching: Sequence[bool | None],
    real: Sequence[int],
    datapoints_to_alarm: int,
    treat_missing_data: TreatMissingData,
    *,
    none_is_good: bool,
) -> AlarmState | None:
    if not none_is_good:
        return AlarmState.OK
    if treat_missing_data is TreatMissingData.IGNORE:
        return None
    is_premature = bool(real) and len(breaching) - real[0] >= datapoints_to_alarm
    return AlarmState.ALARM if is_premature else AlarmState.INSUFFICIENT_DATA
