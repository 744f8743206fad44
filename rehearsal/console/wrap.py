"""Breaks a line between its words where it is too wide, under its own beginning.

It must not break a word: a path or an address that is wider than the terminal can still be copied as one.
"""

from __future__ import annotations

import re

from rich.cells import cell_len

_BEGINNING = re.compile(r" *(?:[^\w\s] +|\S+ │ +)?")  # the indentation, and what is before the words: ✔, •, "Synth │"
_FEWEST_CELLS = 24


def wrap(text: str, width: int) -> list[str]:
    """Rows of at most `width` cells, but for words that are wider themselves."""
    if cell_len(text) <= width:
        return [text]
    found = _BEGINNING.match(text)
    beginning = found.group() if found else ""
    if width - cell_len(beginning) < _FEWEST_CELLS:
        beginning = ""
    under = "".join("│" if sign == "│" else " " * cell_len(sign) for sign in beginning)
    rows, row = [], beginning
    is_empty = True
    for word in re.findall(r"\S+\s*", text[len(beginning) :]):
        if not is_empty and cell_len(row) + cell_len(word.rstrip()) > width:
            rows.append(row.rstrip())
            row = under
        row += word
        is_empty = False
    return [*rows, row.rstrip()]
