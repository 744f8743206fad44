"""`sleep` as a bake knows it, on the run's clock: what watches alarms for ten minutes waits as fast as everybody here.

Only while a bake runs: any other command may wait for something real, as a server that it has started, and sleeps as
long as it says. What sleeps inside a program, as Python's `time.sleep`, does not come here. It must not know which
command is a bake.
"""

from __future__ import annotations

import contextlib
import select
import shlex
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from rehearsal.errors import EngineError
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
    answer = waiting.recv(1)
if answer == b"r":
    os.execv(program, [program, *arguments])
sys.exit(0 if answer else 1)
"""


@contextlib.contextmanager
def sleeping_on(clock: Clock, folder: Path, address: Path, is_bake: Callable[[], bool]) -> Iterator[Path]:
    """A folder for a build's PATH, in which `sleep` waits on the clock while `is_bake`; `address` is for its socket."""
    folder.mkdir(exist_ok=True)
    client = folder / "sleep.py"
    client.write_text(_CLIENT)
    system = shutil.which(NAME) or f"/bin/{NAME}"
    command = [sys.executable, "-IS", str(client), str(address), system]
    program = folder / "bin" / NAME
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    program.chmod(0o755)
    ended = threading.Event()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        listening.settimeout(_ACCEPT_SECONDS)
        server = threading.Thread(target=_serve, args=(listening, clock, is_bake, ended), name=NAME, daemon=True)
        server.start()
        try:
            yield program.parent
        finally:
            ended.set()
            server.join()
            address.unlink(missing_ok=True)


def _serve(listening: socket.socket, clock: Clock, is_bake: Callable[[], bool], ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            sleeper, _ = listening.accept()
        except OSError:  # nobody came, or there are too many open files: then those close soon
            ended.wait(_ACCEPT_SECONDS / 10)
            continue
        arguments = (sleeper, clock, is_bake, ended)
        threading.Thread(target=_wait, args=arguments, name=NAME, daemon=True).start()


def _wait(sleeper: socket.socket, clock: Clock, is_bake: Callable[[], bool], ended: threading.Event) -> None:
    with sleeper, contextlib.suppress(ClockClosed, EngineError, OSError, ValueError):
        with sleeper.makefile("rb") as said:
            seconds = float(said.readline())
        if not is_bake():
            sleeper.sendall(b"r")  # a real one
            return

        def is_gone() -> bool:
            """It says nothing more: what can be read is the end of one that was killed."""
            return ended.is_set() or bool(select.select([sleeper], [], [], 0)[0])

        if not clock.wait_until(is_gone, timeout=seconds):
            sleeper.sendall(b"1")
