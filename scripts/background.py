"""Runs a command of a build beside those that come after it, and waits for it later: it says all that the command
said, and ends as the command did.

usage: background.py start NAME COMMAND...
       background.py wait NAME

A shell's own `&` and `wait` would do where all commands of a build have the same shell. CodeBuild promises no more
than that what runs in the background goes on ("Background tasks in build environments"). It must not know what it runs.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(".background")
"""Below the folder that it is called in: NAME.log is what the command says, NAME.status its exit code.

NAME.lock is locked for as long as the command runs, and free again however it ends: it holds the lock itself.
"""


def start(name: str, command: list[str]) -> int:
    FOLDER.mkdir(exist_ok=True)
    with _file(name, "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _fail(f"{name} is still running: wait for it first.")
        _file(name, "status").unlink(missing_ok=True)
        with _file(name, "log").open("wb") as log:
            subprocess.Popen(
                [sys.executable, __file__, "run", str(lock.fileno()), name, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock.fileno(),),  # the lock is theirs from now on
            )
    return 0


def run(lock: int, name: str, command: list[str]) -> int:
    """In a process of its own, which outlives the one that started it."""
    try:
        code = subprocess.call(command, pass_fds=(lock,))
    except OSError as error:
        code = _fail(f"{command[0]} cannot be run: {error.strerror}")
    unfinished = _file(name, "unfinished")
    unfinished.write_text(str(code))
    unfinished.rename(_file(name, "status"))
    return code


def wait(name: str) -> int:
    try:
        lock = _file(name, "lock").open("r+")
    except FileNotFoundError:
        return _fail(f"{name} was not started in {Path.cwd()}.")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    with _file(name, "log").open("rb") as log:
        shutil.copyfileobj(log, sys.stdout.buffer)
    sys.stdout.flush()
    status = _file(name, "status")
    if not status.exists():
        return _fail(f"{name} was killed before its end, or could not say how it has ended.")
    code = int(status.read_text())
    return code if code >= 0 else 128 - code  # as a shell has it for one that a signal ended


def _file(name: str, suffix: str) -> Path:
    return FOLDER / f"{name}.{suffix}"


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[\w-]+", text) is not None


def _fail(message: str) -> int:
    sys.stderr.write(f"background: {message}\n")
    return 1


def main(arguments: list[str]) -> int:
    match arguments:
        case ["start", name, *command] if command and _is_name(name):
            return start(name, command)
        case ["run", lock, name, *command]:
            return run(int(lock), name, command)
        case ["wait", name] if _is_name(name):
            return wait(name)
    sys.stderr.write(f"{__doc__}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
