from __future__ import annotations

from bench.release.rows import (
    EIGHT_CALLERS,
    EIGHT_READERS,
    EVERYDAY,
    ONE_CALLER,
    ONE_READER,
    ROWS,
    TEN_MINUTES,
    everyday_figures,
)
from bench.release.table import markdown, medians


def test_medians_are_of_the_repetitions_that_have_the_row() -> None:
    assert medians([{"a": 3}, {"a": 1, "b": 5}, {"a": 2}]) == {"a": 2, "b": 5}


def test_table_has_both_figures_their_ratio_and_what_is_aimed_at() -> None:
    table = markdown(("before", "after"), [{EVERYDAY: 400, ONE_CALLER: 13}, {EVERYDAY: 90.25, ONE_CALLER: 110}], ROWS)

    assert table.splitlines() == [
        "| | before | after | ratio | aim |",
        "|---|---|---|---|---|",
        "| everyday release, commit to Released | 400 s | 90.2 s | 0.23 | ≤ 0.25 |",
        "| signed requests of journeys, one caller | 13.0 /s | 110 /s | 8.46 | ≥ 8 |",
    ]


def test_figures_of_an_everyday_release_are_in_what_the_driver_writes() -> None:
    measured = {
        "seconds": 300.5,
        "report": {},
        "shifts": [["d-1", "222222222222", 0, 1000], ["d-1", "222222222222", 45, 1600]],
        "requests_per_second": {"get": {"1": 70.5, "8": 100.5}, "journey": {"1": 13.5, "8": 20.5}},
    }

    assert everyday_figures(measured) == {
        EVERYDAY: 300.5,
        TEN_MINUTES: 45.0,
        ONE_CALLER: 13.5,
        EIGHT_CALLERS: 20.5,
        ONE_READER: 70.5,
        EIGHT_READERS: 100.5,
    }
