"""Computing metric math: the examples of "Using math expressions with CloudWatch metrics", then the rest."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.aws.cloudwatch.errors import CloudWatchRejection, InvalidParameter, NotSupportedHere
from rehearsal.aws.cloudwatch.metric_math.functions import Context
from rehearsal.aws.cloudwatch.metric_math.interpreter import Interpreter
from rehearsal.aws.cloudwatch.metric_math.parser import parse_expression
from rehearsal.aws.cloudwatch.metric_math.values import SeriesArray, TimeSeries

NO = None  # a missing data point, in the tables below

Points = list[float | None]


def _value(text: str, metrics: Mapping[str, Sequence[float | None]]) -> TimeSeries | SeriesArray:
    length = len(next(iter(metrics.values())))
    context = Context(
        timestamps=tuple(1_800_000_000 + 60 * index for index in range(length)),
        period_seconds=60,
        metrics={id_: TimeSeries(tuple(points), id_) for id_, points in metrics.items()},
    )
    return Interpreter(context, {"e": parse_expression(text)}).result("e")


def compute(text: str, **metrics: Sequence[float | None]) -> Points:
    """The data points of an expression that gives one time series."""
    value = _value(text, metrics)
    assert isinstance(value, TimeSeries)
    return list(value.points)


def compute_array(text: str, **metrics: Sequence[float | None]) -> list[Points]:
    """The data points of an expression that gives an array."""
    value = _value(text, metrics)
    assert isinstance(value, tuple)
    return [list(series.points) for series in value]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("metric1 < metric2", [0, 0, 1, 0]),
        ("metric1 >= 30", [1, 0, 0, 0]),
        ("metric1 > 15 AND metric2 > 15", [1, 0, 0, 0]),
    ],
)
def test_comparisons_are_those_of_awss_table(expression: str, expected: Points) -> None:
    assert compute(expression, metric1=[30, 20, 0, 0], metric2=[20, NO, 20, NO]) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(metric1, metric2, metric3)", [30, 0, 20, NO, NO]),
        ("IF(metric1, 5, metric3)", [5, 5, 20, NO, NO]),
        ("IF(metric1, metric2, 5)", [30, 0, 5, 5, NO]),
    ],
)
def test_if_is_that_of_awss_tables(expression: str, expected: Points) -> None:
    metrics: dict[str, Points] = {
        "metric1": [1, 1, 0, 0, NO],
        "metric2": [30, NO, 0, 0, 30],
        "metric3": [0, 0, 20, NO, 20],
    }

    assert compute(expression, **metrics) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(m1<400, m1)", [100, NO, NO, 399]),
        ("IF(m1<400, 10, 2)", [10, 2, NO, 10]),
        ("IF(1, m1, m1*0)", [100, 500, NO, 399]),
        ("IF(0, m1, m1*0)", [0, 0, NO, 0]),
        ("IF(0, m1)", [NO, NO, NO, NO]),
        ("m1 + m2", [101, 500, 3, 403]),
        ("m1 / m2", [100, NO, 0, 99.75]),
        ("m1 / 0", [NO, NO, NO, NO]),
        ("100 * m2", [100, NO, 300, 400]),
        ("-m2", [-1, NO, -3, -4]),
        ("m2 ^ 2", [1, NO, 9, 16]),
        ("(-m2) ^ 0.5", [NO, NO, NO, NO]),
        ("m1 - MIN(m1)", [0, 400, NO, 299]),
        ("m2 * 0 + AVG(m1)", [333, NO, 333, 333]),
        ("m2 * 0 + DATAPOINT_COUNT(m2)", [3, NO, 3, 3]),
        ("m2 * 0 + SUM(m2)", [8, NO, 8, 8]),
        ("m2 * 0 + MAX(m2)", [4, NO, 4, 4]),
        ("SUM([m1, m2])", [101, 500, 3, 403]),
        ("AVG([m1, m2])", [50.5, 250, 1.5, 201.5]),
        ("MAX([m1, m2])", [100, 500, 3, 399]),
        ("MIN(METRICS())", [1, 500, 3, 4]),
        ("DATAPOINT_COUNT(METRICS())", [2, 1, 1, 2]),
        ("SUM(METRICS('2'))", [1, NO, 3, 4]),
        ("m2 / METRIC_COUNT(METRICS())", [0.5, NO, 1.5, 2]),
        ("m1 * PERIOD(m1) / 60", [100, 500, NO, 399]),
        ("FILL(m2, 0)", [1, 0, 3, 4]),
        ("FILL(m2, m1)", [1, 500, 3, 4]),
        ("FILL(m2, REPEAT)", [1, 1, 3, 4]),
        ("FILL(m2, LINEAR)", [1, 2, 3, 4]),
        ("DIFF(m2)", [NO, NO, 2, 1]),
        ("DIFF_TIME(m2)", [NO, NO, 120, 60]),
        ("RATE(m2) * 60", [NO, NO, 1, 1]),
        ("RUNNING_SUM(m2)", [1, NO, 4, 8]),
        ("ABS(-m2)", [1, NO, 3, 4]),
        ("CEIL(m2 / 2)", [1, NO, 2, 2]),
        ("FLOOR(m2 / 2)", [0, NO, 1, 2]),
        ("LOG10(m1 * 10 - 1000)", [NO, pytest.approx(math.log10(4000)), NO, pytest.approx(math.log10(2990))]),
        ("LOG(m2)", [0, NO, pytest.approx(math.log(3)), pytest.approx(math.log(4))]),
        ("TIME_SERIES(MAX(m2))", [4, 4, 4, 4]),
        ("FIRST(SORT(METRICS(), SUM, ASC))", [1, NO, 3, 4]),
        ("LAST(SORT(METRICS(), AVG, ASC))", [100, 500, NO, 399]),
        ("STDDEV([m1, m2])", [49.5, 0, 0, 197.5]),
        ("m2 > 1 || m1 == 100", [1, 0, 1, 1]),
    ],
)
def test_expression_gives_the_documented_values(expression: str, expected: Points) -> None:
    assert compute(expression, m1=[100, 500, NO, 399], m2=[1, NO, 3, 4]) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("METRICS() * 100", [[100, NO], [300, 400], [NO, NO]]),
        ("100 / [m1, m2]", [[100, NO], [pytest.approx(33.33, abs=0.01), 25]]),
        ("[m1, m2] / [m2, m1]", [[pytest.approx(1 / 3), 0], [3, NO]]),
        ("REMOVE_EMPTY(METRICS())", [[1, NO], [3, 4]]),
        ("FILL(METRICS(), 0)", [[1, 0], [3, 4], [0, 0]]),
        ("SLICE(SORT(METRICS(), SUM, DESC), 0, 1)", [[3, 4]]),
        ("SLICE(METRICS(), 2)", [[NO, NO]]),
        ("SORT(METRICS(), MAX, DESC, 1)", [[3, 4]]),
    ],
)
def test_expression_gives_an_array_of_time_series(expression: str, expected: list[Points]) -> None:
    assert compute_array(expression, m1=[1, NO], m2=[3, 4], m3=[NO, NO]) == expected


def test_functions_of_time_are_of_the_timestamps_in_utc() -> None:
    # given 1,800,000,000: Friday, 15 January 2027, 08:00:00 UTC
    metric: Points = [NO, 7]

    assert compute("MINUTE(m1)", m1=metric) == [0, 1]
    assert compute("HOUR(m1)", m1=metric) == [8, 8]
    assert compute("DAY(m1)", m1=metric) == [5, 5]
    assert compute("DATE(m1)", m1=metric) == [15, 15]
    assert compute("MONTH(m1)", m1=metric) == [1, 1]
    assert compute("YEAR(m1)", m1=metric) == [2027, 2027]
    assert compute("EPOCH(m1)", m1=metric) == [1_800_000_000, 1_800_000_060]
    assert compute("IF(DAY(m1)<6,m1)", m1=metric) == [0, 7]


@pytest.mark.parametrize("function", ["MIN", "MAX", "AVG", "STDDEV"])
def test_what_is_computed_with_a_statistic_of_no_data_is_dropped(function: str) -> None:
    assert compute(f"m1 - {function}(m2)", m1=[1, 2], m2=[NO, NO]) == [NO, NO]


# The two alarms of a canary: the error rate of the new version with a minimum of calls, and its difference to the rest.
RATE = "IF(FILL(nInv,0)>=5, 100*FILL(nErr,0)/nInv, 0)"
DIFFERENCE = (
    "IF(FILL(nInv,0)>=5 AND (FILL(aInv,0)-FILL(nInv,0))>=5, "
    "100*FILL(nErr,0)/nInv - 100*(FILL(aErr,0)-FILL(nErr,0))/(aInv-nInv), 0)"
)


def test_error_rate_of_the_new_version_counts_from_a_minimum_of_calls() -> None:
    calls: Points = [NO, 4, 5, 10, 10]
    errors: Points = [NO, 4, 1, NO, 10]

    assert compute(RATE, nInv=calls, nErr=errors) == [0, 0, 20, 0, 100]


def test_canary_against_baseline_is_silent_when_both_are_equally_bad() -> None:
    values = compute(
        DIFFERENCE,
        nInv=[10, 10, 10, 3, NO],
        nErr=[5, 5, 0, 3, NO],
        aInv=[100, 100, 100, 100, NO],
        aErr=[5, 50, 45, 3, NO],
    )

    assert values == [50, 0, -50, 0, 0]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("ANOMALY_DETECTION_BAND(m1, 2)", "metric math function ANOMALY_DETECTION_BAND"),
        ("SEARCH('{AWS/EC2,InstanceId} CPU', 'Average')", "metric math function SEARCH"),
        ("INSIGHT_RULE_METRIC('rule', 'Sum')", "metric math function INSIGHT_RULE_METRIC"),
        ("SERVICE_QUOTA(m1)", "metric math function SERVICE_QUOTA"),
        ("MEDIAN(m1)", "metric math function MEDIAN"),
        ("sum(m1)", "metric math function sum"),
    ],
)
def test_function_that_is_not_there_is_refused_by_name(expression: str, message: str) -> None:
    with pytest.raises(NotSupportedHere, match=message):
        compute(expression, m1=[1.0])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("AVG(m1)", "gives a scalar"),
        ("m1 + m9", "'m9', which is not the Id"),
        ("PERIOD(m1 + m1)", "PERIOD takes the Id of a metric"),
        ("ABS(1)", "ABS takes a time series or an array of them, got a scalar"),
        ("FILL(m1, LINEAR, 2)", "FILL takes 2 arguments, got 3"),
        ("FILL(m1, DESC)", "FILL takes a scalar"),
        ("IF(METRICS(), 1, 2)", "IF takes scalars and single time series, got an array"),
        ("SORT(METRICS(), MEDIAN, ASC)", "'MEDIAN', which is not the Id"),
        ("SORT(METRICS(), LINEAR, ASC)", "SORT takes AVG"),
        ("m1 + REPEAT", "'REPEAT' is neither"),
        ("FIRST(m1)", "FIRST takes an array"),
        ("[m1, m1] + [m1]", "arrays of 2 and 1"),
        ("SUM([m1, 5])", "An array holds time series"),
        ("e + m1", "in a circle"),
    ],
)
def test_expression_that_makes_no_sense_is_refused(expression: str, message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        compute(expression, m1=[1.0])


point = st.one_of(st.none(), st.floats(-1e6, 1e6))
series = st.lists(point, min_size=4, max_size=4)


@given(series, series)
def test_filled_sum_has_no_gaps_and_equals_the_plain_sum_where_there_is_one(left: Points, right: Points) -> None:
    plain = compute("m1 + m2", m1=left, m2=right)
    filled = compute("FILL(m1, 0) + FILL(m2, 0)", m1=left, m2=right)

    assert all(value is not None for value in filled)
    assert [value for value in plain if value is not None] == [
        f for f, p in zip(filled, plain, strict=True) if p is not None
    ]


@given(series, series)
def test_if_takes_each_data_point_from_one_of_its_branches(condition: Points, branch: Points) -> None:
    result = compute("IF(c, b, -1)", c=condition, b=branch)

    for value, decides, chosen in zip(result, condition, branch, strict=True):
        assert value == (None if decides is None else (chosen or 0) if decides else -1)


@given(st.text(max_size=30))
def test_any_text_is_computed_or_refused(text: str) -> None:
    with contextlib.suppress(CloudWatchRejection):
        _value(text, {"m1": [1.0, NO]})
