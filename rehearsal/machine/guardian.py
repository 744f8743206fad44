"""Ends every process that the run started, whatever happens to the run: even `kill -9` of it leaves nothing behind.

A small process of its own waits on a pipe whose other end only the run holds. When the run is gone, however it went,
the pipe ends, and the watcher kills

- every process group that the run registered, and
- every process whose environment carries the run's mark: those that left their group, and those that were started in
  the moment before they were registered.

It must not know what the processes are for, and the watcher imports nothing of this project, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from rehearsal.errors import EngineError

MARK = "REHEARSAL_RUN"
_STOP_SECONDS = 15.0

# Standard input: one line for each process group, "+<id>" registered or "-<id>" gone; its end is the order to kill.
# Three rounds find nothing: all are gone. A process between fork and exec does not carry the mark yet, so look again.
_WATCHER = r"""
import os, signal, subprocess, sys, time

mark, groups = sys.argv[1].encode(), set()
for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(signal_number, signal.SIG_IGN)
for line in sys.stdin:
    (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))

def marked_by_proc():
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/environ", "rb") as environment:
                    if mark in environment.read().split(b"\0"):
                        yield int(name)
            except OSError:
                pass

def marked_by_ps():
    listing = subprocess.run(["ps", "-A", "-E", "-ww", "-o", "pid=,command="], stdout=subprocess.PIPE).stdout
    for line in listing.splitlines():
        if mark in line.split():
            yield int(line.split()[0])

def kill(function, identifier):
    try:
        function(identifier, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass

for group in groups:
    kill(os.killpg, group)
quiet = 0
while quiet < 3:
    found = set(marked_by_proc() if os.path.exists("/proc/self/environ") else marked_by_ps()) - {os.getpid()}
    for process in found:
        kill(os.kill, process)
    quiet = 0 if found else quiet + 1
    time.sleep(0.03)
"""


class GuardedProcess(subprocess.Popen[Any]):
    """A process in a group of its own. When it ends, the rest of its group ends too."""

    _guardian: Guardian | None = None

    def poll(self) -> int | None:
        code = super().poll()
        self._end_group_once(code)
        return code

    def wait(self, timeout: float | None = None) -> int:
        code = super().wait(timeout)
        self._end_group_once(code)
        return code

    def _end_group_once(self, code: int | None) -> None:
        guardian = self._guardian
        if code is None or guardian is None:
            return
        self._guardian = None
        _kill_group(self.pid)
        guardian.forget(self.pid)


class Guardian:
    """See the module. Use it as a context manager; safe to use from several threads.

    `EngineError` is raised where the watcher itself was killed: then nothing more is started.
    """

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._closed = False
        self._processes: dict[int, GuardedProcess] = {}
        self._watcher: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _WATCHER, f"{MARK}={self.mark}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            cwd="/",
            text=True,
            start_new_session=True,
        )

    def popen(
        self,
        args: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: int | IO[Any] | None = subprocess.DEVNULL,
        stdout: int | IO[Any] | None = None,
        stderr: int | IO[Any] | None = None,
        **options: Any,
    ) -> GuardedProcess:
        """Start a process in a session of its own. The arguments are those of `subprocess.Popen`."""
        environment = {**(os.environ if env is None else env), MARK: self.mark}
        process = GuardedProcess(
            [str(arg) for arg in args],
            env=environment,
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            **options,
        )
        try:
            self._tell(f"+{process.pid}\n")
        except EngineError:
            _kill_group(process.pid)
            process.wait()
            raise
        process._guardian = self
        self._processes[process.pid] = process
        return process

    def kill(self, process: subprocess.Popen[Any], *, grace_seconds: float = 0.0) -> None:
        """End a process and its group; with a grace, SIGTERM first and SIGKILL only after it."""
        if process.poll() is None and grace_seconds > 0:
            _kill_group(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_seconds)
        if process.poll() is None:
            _kill_group(process.pid)
        process.wait()

    def forget(self, group: int) -> None:
        """A group is gone; its number may soon be another's."""
        self._processes.pop(group, None)
        with contextlib.suppress(EngineError):
            self._tell(f"-{group}\n")

    def close(self) -> None:
        """End all that is left, and wait until it has ended."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            assert self._watcher.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._watcher.stdin.close()
        try:
            self._watcher.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._watcher.kill()
            self._watcher.wait()
            raise EngineError(f"Processes of this run do not end within {_STOP_SECONDS:.0f} s.") from None
        for process in list(self._processes.values()):
            process.wait()

    def __enter__(self) -> Guardian:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._closed:
                raise EngineError("The run has ended: no process is started any more.")
            assert self._watcher.stdin is not None
            try:
                self._watcher.stdin.write(line)
                self._watcher.stdin.flush()
            except BrokenPipeError:
                raise EngineError("The process that guards this run's processes was killed. Run again.") from None


def _kill_group(group: int, number: signal.Signals = signal.SIGKILL) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
