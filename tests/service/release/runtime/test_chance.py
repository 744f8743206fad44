"""The one rule of the gates: what chance explains, as the hook computes it and as CloudWatch does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.aws.cloudwatch.metric_math.functions import Context
from rehearsal.aws.cloudwatch.metric_math.interpreter import Interpreter
from rehearsal.aws.cloudwatch.metric_math.parser import parse_expression
from rehearsal.aws.cloudwatch.metric_math.values import TimeSeries
from service.release.runtime.chance import Chance, Counts

CHANCE = Chance(deviations=4, counts=1, background=0.005)


def seen(new_calls: int, new_errors: int, old_calls: int = 0, old_errors: int = 0) -> Counts:
    return Counts(
        new_calls=new_calls,
        new_errors=new_errors,
        all_calls=new_calls + old_calls,
        all_errors=new_errors + old_errors,
    )


def test_background_is_expected_of_a_version_whose_predecessor_never_failed() -> None:
    assert CHANCE.expected(seen(1000, 0, 9000, 0)) == pytest.approx(5)


def test_what_the_old_version_fails_is_expected_of_the_new_one_where_it_is_more() -> None:
    assert CHANCE.expected(seen(1000, 0, 8999, 180)) == pytest.approx(20)


@pytest.mark.parametrize(
    ("counts", "is_beyond"),
    [
        (seen(0, 0, 100, 0), False),
        (seen(6, 1, 54, 0), False),  # one error is chance
        (seen(6, 2, 54, 0), True),  # two within a minute of a prober's traffic are not
        (seen(600, 10, 5400, 27), False),  # 3 expected of a background of 0.5 %
        (seen(600, 15, 5400, 27), True),
        (seen(60, 60, 540, 540), False),  # a dependency is down: both fail alike
        (seen(60, 60, 540, 0), True),
        (seen(60, 60), True),  # with no old version left to compare
    ],
)
def test_errors_are_beyond_chance(counts: Counts, is_beyond: bool) -> None:
    assert (CHANCE.beyond(counts) > 0) is is_beyond


@given(
    counts=st.lists(
        st.tuples(*[st.integers(0, 10_000)] * 4).map(
            lambda drawn: (drawn[0], min(drawn[0], drawn[1]), drawn[2], min(drawn[2], drawn[3]))
        ),
        min_size=1,
        max_size=20,
    )
)
def test_expression_gives_what_the_hook_computes(counts: list[tuple[int, int, int, int]]) -> None:
    # given
    all_seen = [seen(*each) for each in counts]
    metrics = {
        "newCalls": [one.new_calls for one in all_seen],
        "newErrors": [one.new_errors for one in all_seen],
        "allCalls": [one.all_calls for one in all_seen],
        "allErrors": [one.all_errors for one in all_seen],
    }
    expressions = {"expected": CHANCE.expected_expression(), "beyond": CHANCE.beyond_expression()}

    # when: CloudWatch has no data point where nothing was counted
    context = Context(
        timestamps=tuple(60 * index for index in range(len(counts))),
        period_seconds=60,
        metrics={
            name: TimeSeries(tuple(float(value) or None for value in values), name) for name, values in metrics.items()
        },
    )
    values = Interpreter(context, {name: parse_expression(text) for name, text in expressions.items()}).result("beyond")

    # then
    assert isinstance(values, TimeSeries)
    assert list(values.points) == pytest.approx([CHANCE.beyond(one) for one in all_seen])
