"""What people are shown of an execution in a line: the same words in messages and on the terminal.

It must not judge, nor ask anybody.
"""

from __future__ import annotations

from datetime import timedelta

from pipeline.executions.execution import Execution

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def commit_text(execution: Execution) -> str:
    """'1f5f691 Reads are quicker', or that there is no commit yet."""
    if execution.commit is None:
        return "no commit yet"
    return f"{execution.commit.short_id} {execution.commit.title}".strip()


def printable(text: str, *, keeps: str = "") -> str:
    """What a commit's message says must not steer a terminal: it could draw over what is shown.

    Line ends go, too, unless they are among what it `keeps`.
    """
    return "".join(letter if letter.isprintable() or letter in keeps else "?" for letter in text)


def duration_text(duration: timedelta) -> str:
    """'12 s', '4 min', '3.5 h', '2.1 days'."""
    seconds = duration.total_seconds()
    if duration >= 2 * _DAY:
        return f"{duration / _DAY:.1f} days"
    if duration >= 2 * _HOUR:
        return f"{duration / _HOUR:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
