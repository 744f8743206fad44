"""Which action of a pipeline changes a stack at present: for what is told of the resources in it.

It must not change anything, nor know pipelines.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_Stack = tuple[str, str, str]


@dataclass(frozen=True)
class StackChange:
    """By whom; "" where it is not known, as of a stack that somebody deploys by hand."""

    execution_id: str = ""
    stage: str = ""


class StackChanges:
    """Keyed by account, region and the stack's name; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes: dict[_Stack, StackChange] = {}

    @contextmanager
    def by(self, change: StackChange, *, account: str, region: str, stack: str) -> Iterator[None]:
        """CloudFormation lets one change a stack at a time; whoever came last is who does."""
        with self._lock:
            self._changes[account, region, stack] = change
        try:
            yield
        finally:
            with self._lock:
                if self._changes.get((account, region, stack)) is change:
                    del self._changes[account, region, stack]

    def find(self, account: str, region: str, stack: str) -> StackChange:
        with self._lock:
            return self._changes.get((account, region, stack), StackChange())
