"""A line of the console: plain text, and what it means.

It must not know colours, widths or terminals; screen.py does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """What a line means; screen.py gives it a colour. A DRAWING is kept as it is, however narrow the terminal."""

    PLAIN = "plain"
    TITLE = "title"
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    FAINT = "faint"
    DRAWING = "drawing"


@dataclass(frozen=True)
class Line:
    text: str
    style: Style = Style.PLAIN
