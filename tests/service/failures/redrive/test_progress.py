"""What takes long is said while it does, and what does not is not."""

from __future__ import annotations

import io
import re
import threading
import time

from service.failures.redrive.progress import SILENT_SECONDS, Progress


class Lines(io.StringIO):
    """A standard error that tells when so many lines with a text are there."""

    def __init__(self, wanted: int, *, text: str = "") -> None:
        super().__init__()
        self._wanted = wanted
        self._text = text
        self.are_there = threading.Event()

    def flush(self) -> None:
        if sum(self._text in line for line in self.getvalue().splitlines()) >= self._wanted:
            self.are_there.set()


def test_what_takes_longer_than_two_seconds_is_said_with_how_long_it_has_taken() -> None:
    step = "changes Undelivered: 3 of about 9 looked at"
    err = Lines(1, text=step)

    with Progress(err, silent_seconds=0.01) as progress:
        progress.at(step)
        assert err.are_there.wait(10)

    assert re.fullmatch(rf"\.\.\. \d+ s: {step}", err.getvalue().splitlines()[-1])
    assert SILENT_SECONDS == 2


def test_what_is_over_before_is_not_said() -> None:
    err = io.StringIO()

    with Progress(err, silent_seconds=60) as progress:
        progress.at("looking")

    assert err.getvalue() == ""


def test_lines_come_at_longer_and_longer_pauses_and_end_with_what_they_tell_of() -> None:
    err = Lines(4)

    with Progress(err, silent_seconds=0.02):
        began = time.monotonic()
        assert err.are_there.wait(10)
        elapsed = time.monotonic() - began
    lines = err.getvalue()
    time.sleep(0.1)

    assert elapsed > 0.02 * (1 + 1 + 2 + 4) * 0.9
    assert err.getvalue() == lines
