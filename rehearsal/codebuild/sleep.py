"""`sleep` as builds know it, on the run's clock: a build that waits for AWS waits as fast as everybody here.

Else a build that watches alarms for ten minutes would see an hour of AWS time go by in half a minute, or ten minutes
of it in ten. While a build sleeps it does nothing else, so the clock may be fast; what sleeps inside a program, as
Python's `time.sleep`, does not come here. It must not know what a build waits for.
"""

from __future__ import annotations

import contextlib
import select
import shlex
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from rehearsal.machine.clock import Clock, ClockClosed

NAME = "sleep"
_ACCEPT_SECONDS = 0.2
# Arguments as GNU's: numbers with a unit, added up. Whatever else is said is for the system's own program to answer.
_CLIENT = r"""
import os, re, socket, sys

address, program, *arguments = sys.argv[1:]
found = [re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)([smhd]?)", argument) for argument in arguments]
if not found or not all(found):
    os.execv(program, [program, *arguments])
units = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
seconds = sum(float(each[1]) * units[each[2]] for each in found)
with socket.socket(socket.AF_UNIX) as waiting:
    waiting.connect(address)
    waiting.sendall(f"{seconds}\n".encode())
    sys.exit(0 if waiting.recv(1) else 1)
"""


@contextlib.contextmanager
def sleeping_on(clock: Clock, folder: Path, address: Path) -> Iterator[Path]:
    """A folder for a build's PATH, in which `sleep` is one that waits on the clock; `address` is for its socket."""
    folder.mkdir()
    client = folder / "sleep.py"
    client.write_text(_CLIENT)
    system = shutil.which(NAME) or f"/bin/{NAME}"
    command = [sys.executable, "-IS", str(client), str(address), system]
    program = folder / "bin" / NAME
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    program.chmod(0o755)
    ended = threading.Event()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        listening.settimeout(_ACCEPT_SECONDS)
        server = threading.Thread(target=_serve, args=(listening, clock, ended), name=NAME, daemon=True)
        server.start()
        try:
            yield program.parent
        finally:
            ended.set()
            server.join()
            address.unlink(missing_ok=True)


def _serve(listening: socket.socket, clock: Clock, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            sleeper, _ = listening.accept()
        except TimeoutError:
            continue
        threading.Thread(target=_wait, args=(sleeper, clock, ended), name=NAME, daemon=True).start()


def _wait(sleeper: socket.socket, clock: Clock, ended: threading.Event) -> None:
    with sleeper, contextlib.suppress(ClockClosed, OSError, ValueError):
        with sleeper.makefile("rb") as said:
            seconds = float(said.readline())

        def is_gone() -> bool:
            """It says nothing more: what can be read is the end of one that was killed."""
            return ended.is_set() or bool(select.select([sleeper], [], [], 0)[0])

        if not clock.wait_until(is_gone, timeout=seconds):
            sleeper.sendall(b"1")
