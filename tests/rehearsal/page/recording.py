"""A run's events in a file, one JSON a line, output included: written by a listener, read by the replay and tests.

Not the history (rehearsal/page/journal.py): that keeps no output, and numbers anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rehearsal.page.event_json import event_json, event_of
from rehearsal.run_events import RunEvent


class Recorder:
    """A listener of a run's events; writes them into `opened`."""

    def __init__(self, opened: IO[str]) -> None:
        self._opened = opened
        self._count = 0

    def __call__(self, event: RunEvent) -> None:
        self._count += 1
        self._opened.write(f"{event_json(event, self._count)}\n")
        self._opened.flush()


def read_recording(file: Path) -> Iterator[RunEvent]:
    """In their order. Raises ValueError for a line that is no event."""
    with file.open(encoding="utf-8") as opened:
        for line in opened:
            yield event_of(json.loads(line))
