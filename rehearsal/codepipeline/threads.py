"""Runs work at the same time in daemon threads, so that a run that is stopped never waits for one that hangs.

It must not know what the work is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def run_together(work: Callable[[Item], None], items: Iterable[Item], *, name: str) -> None:
    """Calls `work` for every item, each in a thread of its own, and waits for all.

    Raises the first error, in the order of the items, after all have ended. A single item runs in a thread as well,
    so that the caller stays open to signals.
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
    for thread in threads:
        thread.join()
    if errors:
        raise errors[min(errors)]
