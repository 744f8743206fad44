"""Writes progress as it comes: a listener of the event log, safe from several threads.

On a terminal, what runs is shown below the lines; elsewhere a line now and then says that it still does. It must not
decide what is worth saying (progress.py, running.py), nor write by itself (screen.py).
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TextIO

from rehearsal.console.line import Line, Style
from rehearsal.console.progress import Progress
from rehearsal.console.running import RunningActions
from rehearsal.console.screen import Screen
from rehearsal.run_events import ActionEnded, ActionStarted, RunEvent

HEARTBEAT_SECONDS = 15.0
_SHOWN_EVERY_SECONDS = 0.25
_LOOKED_EVERY_SECONDS = 1.0
_MOST_ROWS = 8


class Printer:
    """Prints events as they come, each line with the seconds since the run began.

    Used as a context manager, it also tells what runs between two events; leaving it says what was still held back.
    """

    def __init__(
        self, stream: TextIO | None = None, *, is_verbose: bool = False, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self.progress = Progress(is_verbose=is_verbose)
        self._screen = Screen(stream or sys.stdout)
        self._running = RunningActions()
        self._heartbeat_seconds = heartbeat_seconds
        self._question: str | None = None
        self._typed = ""
        self._is_deaf = False
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._is_closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Printer:
        self._thread = threading.Thread(target=self._tell_what_runs, name="printer", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_closed.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            for line in self.progress.rest():
                self._print(line)
            self._screen.close()

    @property
    def is_live(self) -> bool:
        """Whether what is typed has to be shown here, because the terminal is drawn anew all the time."""
        return self._screen.is_live

    @property
    def width(self) -> int | None:
        return self._screen.width

    def hear_no_more(self) -> None:
        """What is being stopped says nothing that anybody wants to know."""
        with self._lock:
            self._is_deaf, self._running = True, RunningActions()
            self._show()

    def __call__(self, event: RunEvent) -> None:
        with self._lock:
            if self._is_deaf:
                return
            self._running.take(event, time.monotonic())
            if isinstance(event, ActionStarted | ActionEnded):
                self._show()  # or the lines would stand above what is not so any more
            for line in self.progress.lines(event):
                self._print(line)

    def say(self, text: str, style: Style = Style.PLAIN) -> None:
        """Prints text of the command itself, without the time."""
        with self._lock:
            for line in text.split("\n"):
                self._screen.write(Line(line, style))

    def ask(self, question: str | None, typed: str = "") -> None:
        """Keeps a question, and what was typed so far, below all that is printed, until it is None."""
        with self._lock:
            is_new = question is not None and question != self._question
            self._question, self._typed = question, typed
            if is_new and question is not None and not self.is_live:
                self._screen.write(Line(question, Style.WARNING))
            self._show()

    def _print(self, line: Line) -> None:
        seconds = int(time.monotonic() - self._started)
        self._screen.write(line, f"{seconds // 60:2d}:{seconds % 60:02d}  ")

    def _tell_what_runs(self) -> None:
        while not self._is_closed.wait(_SHOWN_EVERY_SECONDS if self.is_live else self._looking_seconds):
            with self._lock:
                if self.is_live:
                    self._show()
                else:
                    for line in self._running.heartbeats(time.monotonic(), seconds=self._heartbeat_seconds):
                        self._print(line)

    @property
    def _looking_seconds(self) -> float:
        return min(_LOOKED_EVERY_SECONDS, self._heartbeat_seconds)

    def _show(self) -> None:
        if self._thread is None or self._is_closed.is_set():
            return
        rows = max(1, min(_MOST_ROWS, (self._screen.height or _MOST_ROWS) // 2))
        question = f"{self._question}{self._typed}" if self._question is not None else None
        self._screen.show(self._running.statuses(time.monotonic(), rows=rows), question)
