"""Answers of AWS that may be used again for a short while. It must not know what they are about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

Value = TypeVar("Value")
_is_only_remembered: ContextVar[bool] = ContextVar("is_only_remembered", default=False)


class NotRemembered(Exception):
    """It would have to be read, where only what is remembered is wanted."""


@contextmanager
def only_remembered() -> Iterator[None]:
    """In here nothing is read: what is not remembered raises NotRemembered. For threads that must not block."""
    token = _is_only_remembered.set(True)
    try:
        yield
    finally:
        _is_only_remembered.reset(token)


class Remembered(Generic[Value]):
    """Values by key, each for `seconds` of wall time after it was read. Safe to use from several threads."""

    def __init__(self, seconds: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._values: dict[Hashable, tuple[float, Value]] = {}
        self._forgotten = 0

    def get(self, key: Hashable, read: Callable[[], Value]) -> Value:
        """The value of `key`; `read` is called when it is unknown or too old. Its errors are not remembered."""
        now = self._monotonic()
        with self._lock:
            known, forgotten = self._values.get(key), self._forgotten
        if known is not None and now - known[0] < self._seconds:
            return known[1]
        if _is_only_remembered.get():
            raise NotRemembered
        value = read()
        with self._lock:
            if forgotten == self._forgotten:  # else it may have been read before what it was forgotten for
                self._values[key] = (now, value)
        return value

    def forget(self, is_meant: Callable[[Hashable], bool]) -> None:
        with self._lock:
            self._forgotten += 1
            self._values = {key: value for key, value in self._values.items() if not is_meant(key)}
