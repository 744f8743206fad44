"""Statistics of samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.aws.cloudwatch.errors import InvalidParameter, NotSupportedHere
from rehearsal.aws.cloudwatch.statistic import Samples, merged, parse_statistic


def _samples(*values: float) -> Samples:
    samples = Samples()
    for value in values:
        samples.add(value)
    return samples


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("SampleCount", 4), ("Average", 25), ("Sum", 100), ("Minimum", 10), ("Maximum", 40)),
        *(("TC(20:)", 2), ("TC(:20)", 2), ("TC(15:35)", 2), ("TC(40:)", 0), ("PR(:10)", 25), ("PR(10:30.5)", 50)),
        *(("p0", 10), ("p25", 10), ("p50", 20), ("p75", 30), ("p75.1", 40), ("p90", 40), ("p100", 40)),
    ],
)
def test_statistic_of_four_samples(name: str, expected: float) -> None:
    assert parse_statistic(name).of(_samples(40, 10, 30, 20)) == expected


@pytest.mark.parametrize("name", ["Sum", "Average", "p90", "SampleCount", "TC(1:)"])
def test_statistic_of_no_samples_is_missing(name: str) -> None:
    assert parse_statistic(name).of(Samples()) is None


@pytest.mark.parametrize("name", ["tm99", "TM(10%:90%)", "IQM", "wm95", "TC(10%:90%)", "tc90"])
def test_statistic_that_only_aws_has_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotSupportedHere, match=name.split("(")[0]):
        parse_statistic(name)


@pytest.mark.parametrize("name", ["Median", "TC", "p101", "sum", "p", "P90", ""])
def test_unknown_statistic_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameter, match="allowed are"):
        parse_statistic(name)


@pytest.mark.parametrize(("name", "needed"), [("p99", 1000), ("p95", 200), ("p90", 100), ("p50", 20), ("p10", 100)])
def test_percentile_needs_the_documented_number_of_samples(name: str, needed: float) -> None:
    assert parse_statistic(name).needed_samples() == pytest.approx(needed)


def test_weighted_sample_counts_as_often_as_it_was_measured() -> None:
    samples = Samples()
    samples.add(1.0, 90)
    samples.add(5.0, 10)

    assert parse_statistic("Average").of(samples) == 1.4
    assert parse_statistic("p90").of(samples) == 1
    assert parse_statistic("p90.5").of(samples) == 5


def test_statistic_set_has_no_percentiles_unless_its_values_are_one() -> None:
    different, same = Samples(), Samples()
    different.add_set(count=4, total=10, minimum=1, maximum=4)
    same.add_set(count=4, total=12, minimum=3, maximum=3)

    assert parse_statistic("Average").of(different) == 2.5
    assert parse_statistic("p50").of(different) is None
    assert parse_statistic("p50").of(same) == 3
    assert parse_statistic("p50").of(merged([different, same])) is None


numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@given(numbers, st.floats(0, 100))
def test_percentile_is_a_sample_between_minimum_and_maximum(values: list[float], percent: float) -> None:
    statistic = parse_statistic(f"p{percent:.3f}")
    found = statistic.of(_samples(*values))

    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100 - 1e-3


@given(numbers, numbers)
def test_merged_samples_are_the_samples_of_both(one: list[float], other: list[float]) -> None:
    both = merged([_samples(*one), _samples(*other)])

    for name in ("SampleCount", "Minimum", "Maximum", "p50", "p99"):
        assert parse_statistic(name).of(both) == parse_statistic(name).of(_samples(*one, *other))
    assert parse_statistic("Sum").of(both) == pytest.approx(sum(one) + sum(other), abs=1e-3)
