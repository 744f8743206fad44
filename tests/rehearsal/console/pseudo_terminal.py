"""A real pseudo terminal with a script of ours in it, and what a person would see on it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[3]


_DEADLINE_SECONDS = 30.0
_BECOMES_ITS_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
_TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+")


class PseudoTerminal:
    """Runs a Python script; leaving it kills the script. `raw` is all that it wrote."""

    def __init__(self, script: str, *, columns: int = 80, rows: int = 40) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (rows, columns))
        self.raw = ""
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BECOMES_ITS_TERMINAL + script], cwd=ROOT, start_new_session=True,
            stdin=slave, stdout=slave, stderr=slave, env={**environment, "TERM": "xterm", "NO_COLOR": "1"},
        )  # fmt: skip
        self._slave = slave

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    @property
    def screen(self) -> list[str]:
        """The rows as they stand now, without empty ones."""
        return [row.rstrip() for row in _drawn(self.raw) if row.strip()]

    def echoes(self) -> bool:
        """Whether the terminal shows what is typed, as it did before."""
        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, is_so: Callable[[list[str]], bool]) -> list[str]:
        """Waits until the screen is so."""
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not is_so(self.screen):
            assert time.monotonic() < deadline, "\n".join(self.screen)
            self._read()
        return self.screen

    def exit_code(self) -> int:
        """Waits for the end of the script."""
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "\n".join(self.screen)
            self._read()
        while self._read():
            pass
        return self.process.wait()

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 0.05)
        if ready:
            self.raw += os.read(self._master, 65536).decode()
        return bool(ready)


def _drawn(raw: str) -> list[str]:
    """As far as rich and a line discipline go: text, CR, LF, cursor up, erase in line; colours do not move anything."""
    rows, row, column = [""], 0, 0
    for found in _TOKEN.finditer(raw):
        text, numbers, command = found.group(), found.group(1), found.group(2)
        if text == "\r":
            column = 0
        elif text == "\n":
            row += 1
            rows += [""] * (row + 1 - len(rows))
        elif command == "A":
            row = max(0, row - int(numbers or 1))
        elif command == "K":
            rows[row] = "" if numbers == "2" else rows[row][:column]
        elif command is None:
            rows[row] = rows[row][:column].ljust(column) + text + rows[row][column + len(text) :]
            column += len(text)
    return rows
