"""Says on the standard error, while something takes long, what that is: so that nobody takes a wait for a hang.

It must not say anything of what takes less than two seconds, nor what is in a message; results are page.py's to say.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

SILENT_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 30.0


class Progress:
    """A line after two seconds, the next after two more, then after twice as long each time, up to half a minute.

    A thread of its own says them: a call of a function is waited for without a chance to speak, for up to 15 minutes.
    """

    def __init__(
        self,
        err: TextIO,
        *,
        silent_seconds: float = SILENT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._err = err
        self._pause = silent_seconds
        self._clock = clock
        self._began = clock()
        self._step = "beginning"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._speak, name="progress", daemon=True)

    def at(self, step: str) -> None:
        """What is being done from now on."""
        self._step = step

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _speak(self) -> None:
        pause = self._pause
        while not self._ended.wait(pause):
            elapsed = self._clock() - self._began
            self._err.write(f"... {elapsed:.0f} s: {self._step}\n")
            self._err.flush()
            pause = max(pause, min(elapsed, LONGEST_PAUSE_SECONDS))
