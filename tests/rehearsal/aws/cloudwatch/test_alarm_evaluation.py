"""The state of a metric alarm: the tables of AWS's pages, row by row, and properties that follow from their text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.aws.cloudwatch.alarm_evaluation import (
    AlarmState,
    TreatMissingData,
    evaluate_data_points,
    evaluation_range,
)

OK, ALARM, INSUFFICIENT = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
RETAIN = None
TREATMENTS = (
    TreatMissingData.MISSING,
    TreatMissingData.IGNORE,
    TreatMissingData.BREACHING,
    TreatMissingData.NOT_BREACHING,
)
POINTS = {"0": False, "X": True, "-": None}

Row = tuple[str, int, tuple[AlarmState | None, ...]]

# "Configuring how CloudWatch alarms treat missing data": Datapoints to Alarm and Evaluation Periods are both 3.
# Columns: the data points (newest on the right), how many are filled, and the state when missing data is treated as
# missing, ignore, breaching, not breaching.
THREE_OUT_OF_THREE: list[Row] = [
    ("0 - X - X", 0, (OK, OK, OK, OK)),
    ("0 - - - -", 2, (OK, OK, OK, OK)),
    ("- - - - -", 3, (INSUFFICIENT, RETAIN, ALARM, OK)),
    ("0 X X - X", 0, (ALARM, ALARM, ALARM, ALARM)),
    ("- - X - -", 2, (ALARM, RETAIN, ALARM, OK)),
]
# The same page: 2 out of 3.
TWO_OUT_OF_THREE: list[Row] = [
    ("0 - X - X", 0, (ALARM, ALARM, ALARM, ALARM)),
    ("0 0 X 0 X", 0, (ALARM, ALARM, ALARM, ALARM)),
    ("0 - X - -", 1, (OK, OK, ALARM, OK)),
    ("- - - - 0", 2, (OK, OK, ALARM, OK)),
    ("- - - X -", 2, (ALARM, RETAIN, ALARM, OK)),
]
# Rows that the page had in 2019 and does not contradict today.
OLDER_THREE_OUT_OF_THREE: list[Row] = [
    ("- - - - X", 2, (INSUFFICIENT, RETAIN, ALARM, OK)),
    ("X - - - -", 2, (ALARM, RETAIN, ALARM, OK)),
]
OLDER_TWO_OUT_OF_THREE: list[Row] = [
    ("- - - - X", 2, (INSUFFICIENT, RETAIN, ALARM, OK)),
]
# "Avoiding premature transitions to alarm state", 3 out of 3: neither goes into ALARM yet.
PREMATURE: list[Row] = [
    ("- - - X -", 2, (INSUFFICIENT, RETAIN, ALARM, OK)),
    ("- - - X 0", 1, (OK, OK, OK, OK)),
    ("- - X - 0", 1, (OK, OK, OK, OK)),
]

# "Datapoints to Alarm is the number of data points within the Evaluation Periods that must be breaching": when so many
# are, what is missing does not matter.
ENOUGH_FOR_TWO_OUT_OF_THREE: list[Row] = [
    ("- - - X X", 1, (ALARM, ALARM, ALARM, ALARM)),
    ("X - - - X", 1, (ALARM, ALARM, ALARM, ALARM)),
]
ENOUGH_FOR_ONE_OUT_OF_THREE: list[Row] = [
    ("- - - - X", 2, (ALARM, ALARM, ALARM, ALARM)),
    ("0 - - - X", 1, (ALARM, ALARM, ALARM, ALARM)),
]


def _cases(rows: list[Row], datapoints_to_alarm: int) -> list[tuple[str, int, int, TreatMissingData, object]]:
    return [
        (points, datapoints_to_alarm, filled, treatment, state)
        for points, filled, states in rows
        for treatment, state in zip(TREATMENTS, states, strict=True)
    ]


@pytest.mark.parametrize(
    ("points", "datapoints_to_alarm", "filled", "treatment", "state"),
    [
        *_cases(THREE_OUT_OF_THREE + OLDER_THREE_OUT_OF_THREE + PREMATURE, 3),
        *_cases(TWO_OUT_OF_THREE + OLDER_TWO_OUT_OF_THREE + ENOUGH_FOR_TWO_OUT_OF_THREE, 2),
        *_cases(ENOUGH_FOR_ONE_OUT_OF_THREE, 1),
    ],
)
def test_state_is_the_one_of_awss_tables(
    points: str, datapoints_to_alarm: int, filled: int, treatment: TreatMissingData, state: AlarmState | None
) -> None:
    verdict = evaluate_data_points(
        [POINTS[point] for point in points.split()],
        evaluation_periods=3,
        datapoints_to_alarm=datapoints_to_alarm,
        treat_missing_data=treatment,
    )

    assert (verdict.state, verdict.filled) == (state, filled)


def test_evaluation_range_is_the_documented_one() -> None:
    assert evaluation_range(3) == 5


def test_only_the_newest_data_points_are_evaluated_when_none_is_missing() -> None:
    verdict = evaluate_data_points(
        [True, True, False, False, False],
        evaluation_periods=3,
        datapoints_to_alarm=1,
        treat_missing_data=TreatMissingData.MISSING,
    )

    assert verdict.state is OK
    assert verdict.evaluated == (2, 3, 4)


@pytest.mark.parametrize(("points", "state"), [("- - X", ALARM), ("X - -", ALARM), ("X 0 -", OK), ("0 X -", ALARM)])
def test_one_out_of_one_is_decided_by_the_newest_real_data_point_of_the_range(points: str, state: AlarmState) -> None:
    verdict = evaluate_data_points(
        [POINTS[point] for point in points.split()],
        evaluation_periods=1,
        datapoints_to_alarm=1,
        treat_missing_data=TreatMissingData.NOT_BREACHING,
    )

    assert verdict.state is state


points_of_a_range = st.lists(st.sampled_from([True, False, None]), min_size=5, max_size=5)
how_many = st.integers(1, 3)


def _state(points: list[bool | None], datapoints_to_alarm: int, treatment: TreatMissingData) -> AlarmState | None:
    return evaluate_data_points(
        points, evaluation_periods=3, datapoints_to_alarm=datapoints_to_alarm, treat_missing_data=treatment
    ).state


@given(points_of_a_range, how_many)
def test_treatment_does_not_matter_when_there_are_enough_real_data_points(
    points: list[bool | None], datapoints_to_alarm: int
) -> None:
    states = {_state(points, datapoints_to_alarm, treatment) for treatment in TREATMENTS}

    assert len(states) == 1 or sum(point is not None for point in points) < 3


@given(points_of_a_range, how_many)
def test_breaching_is_the_strictest_treatment_and_not_breaching_never_lacks_data(
    points: list[bool | None], datapoints_to_alarm: int
) -> None:
    states = {treatment: _state(points, datapoints_to_alarm, treatment) for treatment in TREATMENTS}

    assert ALARM not in states.values() or states[TreatMissingData.BREACHING] is ALARM
    assert states[TreatMissingData.BREACHING] in (OK, ALARM)
    assert states[TreatMissingData.NOT_BREACHING] in (OK, ALARM)
    assert states[TreatMissingData.MISSING] is not RETAIN
    assert states[TreatMissingData.IGNORE] is not INSUFFICIENT


@given(points_of_a_range, how_many, st.sampled_from(TREATMENTS), st.integers(0, 4))
def test_one_more_breaching_data_point_never_ends_an_alarm(
    points: list[bool | None], datapoints_to_alarm: int, treatment: TreatMissingData, index: int
) -> None:
    worse = list(points)
    worse[index] = True if points[index] is not None else None

    if _state(points, datapoints_to_alarm, treatment) is ALARM:
        assert _state(worse, datapoints_to_alarm, treatment) is ALARM


@given(points_of_a_range, st.sampled_from(TREATMENTS))
def test_alarm_of_fewer_data_points_is_the_more_sensitive_one(
    points: list[bool | None], treatment: TreatMissingData
) -> None:
    for strict, sensitive in ((3, 2), (2, 1)):
        if _state(points, strict, treatment) is ALARM:
            assert _state(points, sensitive, treatment) is ALARM
