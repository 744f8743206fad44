"""What has broken the whole run: something ended that it cannot do without.

Whoever sees work fail asks here first whether that is the work's own fault. It must not know what is watched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from rehearsal.errors import EngineError

_NOTICE_SECONDS = 2.0


def _does_nothing(_: str) -> None:
    pass


def _is_well() -> bool:
    return True


class Failure:
    """Safe to use from several threads.

    `on_failure` is told the reason, once. `is_well` looks quickly whether what is watched still answers: work may fail
    a moment before the end of what it needs is known. `notice_seconds` is the longest such moment.
    """

    def __init__(
        self,
        on_failure: Callable[[str], None] = _does_nothing,
        is_well: Callable[[], bool] = _is_well,
        *,
        notice_seconds: float = _NOTICE_SECONDS,
    ) -> None:
        self._on_failure = on_failure
        self._is_well = is_well
        self._notice_seconds = notice_seconds
        self._lock = threading.Lock()
        self._happened = threading.Event()
        self._is_over = False
        self._reason = ""

    @property
    def has_happened(self) -> bool:
        return self._happened.is_set()

    def watch(self, wait: Callable[[], str]) -> None:
        """`wait` returns when what is watched has ended: the reason, in a sentence."""
        threading.Thread(target=self._watch, args=(wait,), name="watch", daemon=True).start()

    def end_watch(self) -> None:
        """The run stops what it started: from now on an end is no failure."""
        with self._lock:
            self._is_over = True

    def require_none(self) -> None:
        """Raises EngineError with the reason when the run is broken."""
        if not (self._happened.is_set() or self._is_over or self._is_well()):
            self._happened.wait(self._notice_seconds)
        if self._happened.is_set():
            raise EngineError(self._reason)

    def _watch(self, wait: Callable[[], str]) -> None:
        reason = wait()
        with self._lock:
            if self._is_over or self._happened.is_set():
                return
            self._reason = reason
            self._happened.set()
        self._on_failure(reason)
