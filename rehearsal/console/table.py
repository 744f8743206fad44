"""Tables of plain text; where there is a width, the widest columns break their cells into rows.

It must not know what the cells mean, nor leave out any of their text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len, chop_cells

_BETWEEN = "  "
_NARROWEST = 8


def table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> Iterator[str]:
    """Its lines; none is wider than `width` cells, as long as each column can have a few of them."""
    widths = _fit(head, rows, width)
    yield from _row(head, widths)
    yield _BETWEEN.join("─" * cells for cells in widths)
    for row in rows:
        yield from _row(row, widths)


def _fit(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """Breaks the headings first, then takes from the widest column until all fit."""
    columns = list(zip(*rows, strict=True)) or [()] * len(head)
    cells = [max(map(cell_len, column), default=0) for column in columns]
    widths = [max(cell_len(heading), most) for heading, most in zip(head, cells, strict=True)]
    free = None if width is None else width - len(_BETWEEN) * (len(head) - 1)
    if free is None or sum(widths) <= free:
        return widths
    words = [max(map(cell_len, heading.split(" "))) for heading in head]
    widths = [max(word, most) for word, most in zip(words, cells, strict=True)]
    while sum(widths) > free and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    columns = [_broken(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for parts in zip_longest(*columns, fillvalue=""):
        padded = (part + " " * (width - cell_len(part)) for part, width in zip(parts, widths, strict=True))
        yield _BETWEEN.join(padded).rstrip()


def _broken(cell: str, width: int) -> list[str]:
    """Between words, and inside of those that are wider than the column."""
    rows = [""]
    for word in cell.split(" "):
        joined = f"{rows[-1]} {word}" if rows[-1] else word
        if cell_len(joined) <= width:
            rows[-1] = joined
        elif cell_len(word) <= width:
            rows.append(word)
        else:
            rows[-1:] = chop_cells(joined, width)
    return rows
