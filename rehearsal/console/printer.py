"""Writes progress to the terminal: with colours and the elapsed time by rich when it is one, as plain lines when not.

It must not decide what is worth saying. It is a listener of the event log.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from rehearsal.console.progress import Line, Progress, Style
from rehearsal.run_events import RunEvent

_COLOURS = {
    Style.PLAIN: "",
    Style.TITLE: "bold",
    Style.GOOD: "green",
    Style.BAD: "bold red",
    Style.WARNING: "yellow",
    Style.FAINT: "dim",
}


class Printer:
    """Prints events as they come, each line with the seconds since the run began; safe from several threads."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.progress = Progress()
        self._stream = stream or sys.stdout
        self._console = Console(file=self._stream, highlight=False, soft_wrap=True) if self._stream.isatty() else None
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._is_unheard = False

    def __call__(self, event: RunEvent) -> None:
        with self._lock:
            for line in self.progress.lines(event):
                self._print(line)

    def say(self, text: str, style: Style = Style.PLAIN) -> None:
        """Prints text of the command itself, without the time."""
        with self._lock:
            for line in text.split("\n"):
                self._write("", Line(line, style))

    def _print(self, line: Line) -> None:
        seconds = int(time.monotonic() - self._started)
        self._write(f"{seconds // 60:2d}:{seconds % 60:02d}  ", line)

    def _write(self, prefix: str, line: Line) -> None:
        if self._is_unheard:
            return
        try:
            if self._console is not None:
                self._console.print(Text.assemble((prefix, "dim"), (line.text, _COLOURS[line.style])))
            else:
                print(f"{prefix}{line.text}".rstrip(), file=self._stream, flush=True)
        except BrokenPipeError:  # as `| head` leaves: the run goes on, and its exit code still says how it ended
            self._is_unheard = True
            with suppress(OSError, ValueError), Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())  # or Python fails when it flushes at the end
