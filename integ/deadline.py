"""Waiting for what happens soon, and not at once."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE_SECONDS = 60
"""How long a new role may be unknown to IAM, and what goes through a stream, a queue or a topic may be on its way."""


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Asks again until it is so, or the deadline has passed: what is asked then fails in the test that needs it."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True
