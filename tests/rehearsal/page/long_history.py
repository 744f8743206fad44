"""More than anybody will see: ten thousand events, and megabytes of what a build says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

from rehearsal.run_events import ActionOutput, RunEvent
from tests.rehearsal.page.story import good_release, said, stopped_canary

LOG_BYTES = 5_000_000
_LINE = "tests/service/api/runtime/test_handler.py::test_car_is_created_with_what_was_sent[{}] PASSED"


def long_history(events: int) -> Iterator[RunEvent]:
    """Releases and stopped ones by turns; without what actions say, which is no part of the history."""
    return islice((event for event in _releases() if not isinstance(event, ActionOutput)), events)


def _releases() -> Iterator[RunEvent]:
    for number in count(1, 2):
        yield from good_release(number)
        yield from stopped_canary(number + 1, back_to=number)


def long_output(size: int) -> Iterator[ActionOutput]:
    """What the build of `building(1)` says: that many bytes."""
    for number in range(size // len(_LINE)):
        yield said(1, "Build", "Synth", _LINE.format(number))
