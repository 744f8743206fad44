from __future__ import annotations

from bench.growth.project import Size
from bench.growth.table import Taken, markdown, taken
from bench.processes import Usage


def test_taken_are_the_medians() -> None:
    plans = [Usage(seconds, seconds / 2, 0) for seconds in (4.0, 2.0, 3.0)]
    runs = [Usage(seconds, seconds / 4, 0) for seconds in (40.0, 20.0, 30.0)]

    assert taken(plans, runs) == Taken(plan=3.0, plan_cpu=1.5, run=30.0, run_cpu=7.5)


def test_table_tells_what_each_stack_more_costs() -> None:
    sizes = {Size(10, 2): Taken(2.0, 1.5, 20.0, 15.0), Size(30, 5): Taken(2.5, 1.6, 25.0, 17.0)}

    assert markdown(sizes).splitlines()[2:] == [
        "| 10 | 2 | 2.0 s | 1.5 s | 20.0 s | 15.0 s |  |",
        "| 30 | 5 | 2.5 s | 1.6 s | 25.0 s | 17.0 s | 0.25 s (0.10 s of processor) |",
    ]
