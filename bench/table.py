"""The figures as a table: ours beside the base, their ratio, and what is aimed at. It must not measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.measure import ConsumerFigures, Figures
from bench.packages import Size

AIMS = {"get": 1.25, "create": 1.3, "list 20": 1.35}
"""Of warm calls: the most that ours may take, as a multiple of the base."""

COLD_AIM = 1.08
ZIPPED_AIM_MB = 6.0
MB = 1_000_000


@dataclass(frozen=True)
class Row:
    """`aim` is in the words of the table; the values are in `unit`."""

    what: str
    unit: str
    bare: float
    ours: float
    aim: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


def rows(figures: Mapping[str, Figures], sizes: Mapping[str, Size]) -> list[Row]:
    """`figures` and `sizes` are of the variants "bare" and "ours"."""
    bare, ours = figures["bare"], figures["ours"]
    small, large = sizes["ours"], sizes["bare"]
    aim = f"≤ {COLD_AIM:.2f}"
    cold = [
        Row(f"Cold start, first answer to {name}", "ms", 1e3 * bare.cold_seconds[name], 1e3 * seconds, aim)
        for name, seconds in ours.cold_seconds.items()
    ]
    warm = [
        Row(f"Processor time, {name}", "µs", 1e6 * bare.cpu_seconds[name], 1e6 * seconds, f"≤ {AIMS[name]:.2f}")
        for name, seconds in ours.cpu_seconds.items()
    ]
    return [
        *cold,
        *warm,
        Row("Memory (RSS)", "MB", bare.rss_bytes / MB, ours.rss_bytes / MB),
        Row("Package, zipped", "MB", large.zipped_bytes / MB, small.zipped_bytes / MB, f"≤ {ZIPPED_AIM_MB} MB"),
        Row("Package, unzipped", "MB", large.unzipped_bytes / MB, small.unzipped_bytes / MB),
    ]


def ratio_table(table: Iterable[Row]) -> str:
    lines = [("", "bare boto3", "ours", "ratio", "aim")]
    lines += [
        (row.what, f"{_number(row.bare)} {row.unit}", f"{_number(row.ours)} {row.unit}", f"{row.ratio:.2f}", row.aim)
        for row in table
    ]
    return _aligned(lines)


def consumer_table(figures: Mapping[str, ConsumerFigures]) -> str:
    lines = [("Handed records", "records/call", "records/s", "µs of processor/record", "MB (RSS)")]
    lines += [
        (
            unit,
            str(found.batch_size),
            f"{found.records_per_second:,.0f}",
            _number(1e6 * found.cpu_seconds_per_record),
            _number(found.rss_bytes / MB),
        )
        for unit, found in figures.items()
    ]
    return _aligned(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _aligned(lines: Sequence[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell, the first to the left, all others to the right; a line below the head."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    head, *body = (
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        ).rstrip()
        for line in lines
    )
    return "\n".join([head, "  ".join("─" * width for width in widths), *body])
