"""A process's standard output, line by line, read in the event loop without a thread.

`read` hands on at once all that was written so far, so that an invocation's output is known when its answer is.
It must not know what the lines mean.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable
from typing import Any

_CHUNK_BYTES = 65536


class OutputLines:
    """Reads `process.stdout` (a pipe) from the running loop until it ends or `close` is called."""

    def __init__(self, process: subprocess.Popen[Any], on_line: Callable[[str], None]) -> None:
        assert process.stdout is not None
        self._pipe = process.stdout
        self._on_line = on_line
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        os.set_blocking(self._pipe.fileno(), False)
        self._loop.add_reader(self._pipe.fileno(), self.read)

    def read(self) -> None:
        """Hands on every whole line that is there."""
        while not self._pipe.closed:
            try:
                chunk = os.read(self._pipe.fileno(), _CHUNK_BYTES)
            except BlockingIOError:
                return
            if not chunk:
                self._end()
                return
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                self._on_line(line.decode("utf-8", "replace"))

    def close(self) -> None:
        """Hands on what is left and stops reading, though a process that outlived its parent may hold the pipe."""
        self.read()
        if not self._pipe.closed:
            self._end()

    def _end(self) -> None:
        self._loop.remove_reader(self._pipe.fileno())
        self._pipe.close()
        if self._rest:
            self._on_line(self._rest.decode("utf-8", "replace"))
            self._rest = b""
