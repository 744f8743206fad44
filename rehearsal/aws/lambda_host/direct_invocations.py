"""Which invocations somebody asked for with Invoke: the emulator hands them over like those of any event source.

The edge says so while an Invoke is under way; the host asks. It must not know what an event means.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.aws.lambda_host.function import FunctionArn


class DirectInvocations:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[tuple[FunctionArn, str]] = Counter()

    @contextmanager
    def under_way(self, function: FunctionArn, event: bytes) -> Iterator[None]:
        """Somebody invokes the function with the event, and waits for its answer."""
        key = (function.unqualified, _normal_form(event))
        with self._lock:
            self._under_way[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[key] -= 1
                if not self._under_way[key]:
                    del self._under_way[key]

    def is_one(self, function: FunctionArn, event: bytes) -> bool:
        if not self._under_way:
            return False
        key = (function.unqualified, _normal_form(event))
        with self._lock:
            return key in self._under_way


def _normal_form(event: bytes) -> str:
    """The emulator reads an event and writes it anew."""
    try:
        return json.dumps(json.loads(event or b"{}"), sort_keys=True)
    except ValueError:
        return event.decode(errors="replace")
