"""Counts the API requests that came through an alias, per version: who was harmed by a release, and how often.

It must not know how requests reach a function.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FunctionTraffic:
    """`failed` counts requests whose answer was a function error or a status of 500 and above."""

    account: str
    function: str
    version: str
    requests: int
    failed: int


class TrafficCounter:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._failed: Counter[tuple[str, str, str]] = Counter()

    def count(self, account: str, function: str, version: str, *, is_failed: bool) -> None:
        with self._lock:
            self._requests[account, function, version] += 1
            self._failed[account, function, version] += is_failed

    def snapshot(self) -> list[FunctionTraffic]:
        with self._lock:
            return [FunctionTraffic(*key, count, self._failed[key]) for key, count in sorted(self._requests.items())]


def since(now: Sequence[FunctionTraffic], before: Sequence[FunctionTraffic]) -> list[FunctionTraffic]:
    """What came between two snapshots."""
    known = {(item.account, item.function, item.version): item for item in before}
    difference = []
    for item in now:
        old = known.get((item.account, item.function, item.version))
        requests = item.requests - (old.requests if old else 0)
        failed = item.failed - (old.failed if old else 0)
        if requests:
            difference.append(FunctionTraffic(item.account, item.function, item.version, requests, failed))
    return difference
