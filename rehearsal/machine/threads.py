"""Runs work at the same time in daemon threads, so that a run that is stopped never waits for one that hangs.

It must not know what the work is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
_POLL_SECONDS = 0.2
_GIVE_UP_SECONDS = 1.5


def _never() -> bool:
    return False


def run_together(
    work: Callable[[Item], None],
    items: Iterable[Item],
    *,
    name: str,
    is_lost: Callable[[], bool] = _never,
    give_up_seconds: float = _GIVE_UP_SECONDS,
) -> None:
    """Calls `work` for every item, each in a thread of its own, and waits for all.

    Raises the first error, in the order of the items, after all have ended. A single item runs in a thread as well,
    so that the caller stays open to signals. Once `is_lost`, what does not end in `give_up_seconds` is waited for no
    longer.
    """
    todo = list(items)
    errors: dict[int, BaseException] = {}

    def call(number: int, item: Item) -> None:
        try:
            work(item)
        except BaseException as exc:  # noqa: BLE001  handed to the caller's thread
            errors[number] = exc

    threads = [
        threading.Thread(target=call, args=(number, item), name=f"{name}-{number}", daemon=True)
        for number, item in enumerate(todo)
    ]
    for thread in threads:
        thread.start()
    _join(threads, is_lost, give_up_seconds)
    if errors:
        raise errors[min(errors)]


def _join(threads: list[threading.Thread], is_lost: Callable[[], bool], give_up_seconds: float) -> None:
    deadline = None
    for thread in threads:
        while thread.is_alive():
            thread.join(_POLL_SECONDS)
            if deadline is None and is_lost():
                deadline = time.monotonic() + give_up_seconds
            if deadline is not None and time.monotonic() > deadline:
                return
