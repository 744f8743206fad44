"""Both sides' figures, the medians of their repetitions, as a table for docs/performance.md. It must not measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from bench.release.rows import Figures, Row


def medians(repetitions: Iterable[Figures]) -> dict[str, float]:
    """Row by row, of the repetitions that have it."""
    found: dict[str, list[float]] = {}
    for figures in repetitions:
        for name, value in figures.items():
            found.setdefault(name, []).append(value)
    return {name: median(values) for name, values in found.items()}


def markdown(names: Sequence[str], sides: Sequence[Figures], rows: Mapping[str, Row]) -> str:
    """`names` and `sides` are of the other commit and of this one; the ratio is this one's to the other's."""
    before, after = sides
    lines = [f"| | {names[0]} | {names[1]} | ratio | aim |", "|---|---|---|---|---|"]
    for name, row in rows.items():
        if name in before and name in after:
            values = f"{_number(before[name])} {row.unit} | {_number(after[name])} {row.unit}"
            lines.append(f"| {name} | {values} | {_ratio(before[name], after[name])} | {_aim(row)} |")
    return "\n".join(lines)


def _ratio(before: float, after: float) -> str:
    return f"{after / before:.2f}" if before else "-"


def _aim(row: Row) -> str:
    if row.aim is None:
        return ""
    return f"≥ {row.aim:g}" if row.is_more_better else f"≤ {row.aim:.2f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
