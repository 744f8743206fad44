"""What planning and running take by the size of the app, as a table. It must not measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from bench.growth.project import Size
from bench.processes import Usage


@dataclass(frozen=True)
class Taken:
    """Of one size: the medians of its repetitions, in seconds of the wall and of the processor."""

    plan: float
    plan_cpu: float
    run: float
    run_cpu: float


def taken(plans: Sequence[Usage], runs: Sequence[Usage]) -> Taken:
    return Taken(
        plan=median(usage.seconds for usage in plans),
        plan_cpu=median(usage.cpu_seconds for usage in plans),
        run=median(usage.seconds for usage in runs),
        run_cpu=median(usage.cpu_seconds for usage in runs),
    )


def markdown(sizes: Mapping[Size, Taken]) -> str:
    """A row a size. The last column is what each stack costs that the size has more than the one before."""
    lines = [
        "| stacks | stages | plan | its processor time | run | its processor time | run, each stack more |",
        "|---|---|---|---|---|---|---|",
    ]
    more = ["", *(_more(*pair) for pair in pairwise(sizes.items()))]
    for (size, found), each in zip(sizes.items(), more, strict=True):
        values = (found.plan, found.plan_cpu, found.run, found.run_cpu)
        cells = [str(size.stacks), str(size.stages), *(f"{value:.1f} s" for value in values), each]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _more(before: tuple[Size, Taken], after: tuple[Size, Taken]) -> str:
    stacks = after[0].stacks - before[0].stacks
    wall, cpu = after[1].run - before[1].run, after[1].run_cpu - before[1].run_cpu
    return f"{wall / stacks:.2f} s ({cpu / stacks:.2f} s of processor)"
