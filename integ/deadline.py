"""Waiting for what happens soon, and not at once."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE_SECONDS = 60
"""How long a new role may be unknown to IAM, and what goes through a stream, a queue or a topic may be on its way."""

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.5


def wait_until(is_so: Callable[[], bool], *, seconds: float | None = None) -> bool:
    """Asks again, soon at first, until it is so or the deadline has passed: what is asked then fails in the test."""
    deadline = time.monotonic() + (DEADLINE_SECONDS if seconds is None else seconds)
    pause = FIRST_PAUSE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    return True
