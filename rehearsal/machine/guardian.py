"""Ends every process that the run started, whatever happens to the run: even `kill -9` of it leaves nothing behind.

On Linux every command is started below a keeper (keeper.py), which is or becomes the parent of all that the command
starts, and ends it with the command, on order, or when the run is gone. Elsewhere there is no such parent: a command
has a process group of its own, which ends with it.

Behind that, a small process of its own waits on a pipe whose other end only the run holds. When the run is gone,
however it went, the pipe ends, and the watcher waits until the keepers have done their work, and kills

- every process group that the run registered, and
- every process whose environment carries the run's mark: those that left their group, and those that were started in
  the moment before they were registered.

It must not know what the processes are for, and the watcher imports nothing of this project, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from rehearsal.errors import EngineError

MARK = "REHEARSAL_RUN"
HAS_KEEPERS = sys.platform == "linux" and importlib.util.find_spec("_ctypes") is not None
_KEEPER = Path(__file__).with_name("keeper.py")
_PROGRAM = (sys.executable, "-I", "-S")
_KEEPER_SECONDS = 6.0
_STOP_SECONDS = 20.0
_ENDED = "The run has ended: no process is started any more."

# Standard input: one line for each process group, "+<id>" registered or "-<id>" gone; its end is the order to kill.
# The pipe "alive" ends with the last keeper, after all that it kept.
# Three rounds find nothing: all are gone. A process between fork and exec does not carry the mark yet, so look again.
_WATCHER = r"""
import os, select, signal, subprocess, sys, time

mark, alive, keeper_seconds, groups = sys.argv[1].encode(), int(sys.argv[2]), float(sys.argv[3]), set()
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

select.select([alive], [], [], keeper_seconds)
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
    """A process in a group of its own. When it ends, all that it started ends too; without keepers, its group's rest.

    `pid` and signals are the keeper's where there is one: it hands signals on to the process's group.
    """

    _guardian: Guardian | None = None
    _lifeline: IO[bytes] | None = None

    def poll(self) -> int | None:
        code = super().poll()
        self._end_rest_once(code)
        return code

    def wait(self, timeout: float | None = None) -> int:
        code = super().wait(timeout)
        self._end_rest_once(code)
        return code

    def send_signal(self, sig: int) -> None:
        """SIGKILL for a keeper would be lost to what it keeps: the end of its lifeline is the order to kill."""
        if sig == signal.SIGKILL and self._lifeline is not None:
            self._lifeline.close()
        else:
            super().send_signal(sig)

    def signal_group(self, number: signal.Signals) -> None:
        """Signals the process and its group. SIGKILL ends all that it started, where there are keepers."""
        if self._lifeline is not None:
            self.send_signal(number)
        else:
            _signal_group(self.pid, number)

    def kill_keeper(self) -> None:
        """Where it does not answer any more: somebody has stopped it."""
        _signal_group(self.pid, signal.SIGKILL)

    def _end_rest_once(self, code: int | None) -> None:
        guardian = self._guardian
        if code is None or guardian is None:
            return
        self._guardian = None
        if self._lifeline is None:
            _signal_group(self.pid, signal.SIGKILL)
        else:
            self._lifeline.close()
        guardian.forget(self.pid)


class Guardian:
    """See the module. Use it as a context manager; safe to use from several threads.

    `EngineError` is raised where the watcher itself was killed: then nothing more is started.
    """

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._closed = False
        self._refusal = ""
        self._processes: dict[int, GuardedProcess] = {}
        alive, write_end = os.pipe()
        self._alive = os.fdopen(write_end, "wb", buffering=0)
        with os.fdopen(alive, "rb", buffering=0):
            self._watcher: subprocess.Popen[str] = subprocess.Popen(
                [*_PROGRAM, "-c", _WATCHER, f"{MARK}={self.mark}", str(alive), str(_KEEPER_SECONDS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", os.defpath)},
                cwd="/",
                text=True,
                start_new_session=True,
                pass_fds=(alive,),
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
        """Start a process in a session of its own. The arguments and errors are those of `subprocess.Popen`.

        A program that is found and cannot be run ends with exit code 127.
        """
        environment = {**(os.environ if env is None else env), MARK: self.mark}

        def start(command: Sequence[str], **more: Any) -> GuardedProcess:
            return GuardedProcess(
                command,
                env=environment,
                cwd=cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                **{**options, **more},
            )

        command = [str(arg) for arg in args]
        if HAS_KEEPERS:
            _require_program(command[0], environment, cwd)
            process = self._start_kept(command, start, options.get("pass_fds", ()))
        else:
            process = start(command)
        self._processes[process.pid] = process
        try:
            self._tell(f"+{process.pid}\n")
        except EngineError:
            process.signal_group(signal.SIGKILL)
            process.wait()
            self._processes.pop(process.pid, None)
            raise
        process._guardian = self
        return process

    def kill(self, process: GuardedProcess, *, grace_seconds: float = 0.0) -> None:
        """End a process and all that it started; with a grace, SIGTERM to its group first, the end only after it."""
        if process.poll() is None and grace_seconds > 0:
            process.signal_group(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_seconds)
        if process.poll() is None:
            process.signal_group(signal.SIGKILL)
        try:
            process.wait(_KEEPER_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill_keeper()
            process.wait()

    def forget(self, group: int) -> None:
        """A group is gone; its number may soon be another's."""
        self._processes.pop(group, None)
        with contextlib.suppress(EngineError):
            self._tell(f"-{group}\n")

    def refuse(self, reason: str) -> None:
        """The run has failed: end all that runs, without waiting for it; `popen` raises `reason` from now on."""
        with self._lock:
            self._refusal = reason
        self._kill_all()

    def wait_for_watcher(self) -> int:
        """Returns when the watcher has ended, which before `close` it only does when somebody ends it: its code."""
        return self._watcher.wait()

    def close(self) -> None:
        """End all that is left, and wait until it has ended."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            assert self._watcher.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._watcher.stdin.close()
        self._alive.close()
        if HAS_KEEPERS:
            self._kill_all()
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

    def _start_kept(
        self, command: Sequence[str], start: Callable[..., GuardedProcess], pass_fds: Sequence[int]
    ) -> GuardedProcess:
        with self._lock:
            if self._closed:
                raise EngineError(_ENDED)
            alive = os.dup(self._alive.fileno())
        lifeline, write_end = os.pipe()
        ours = os.fdopen(write_end, "wb", buffering=0)
        try:
            process = start(
                [*_PROGRAM, str(_KEEPER), str(lifeline), str(alive), *command], pass_fds=(*pass_fds, lifeline, alive)
            )
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(lifeline)
            os.close(alive)
        process._lifeline = ours
        return process

    def _kill_all(self) -> None:
        for process in list(self._processes.values()):
            process.signal_group(signal.SIGKILL)

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._closed:
                raise EngineError(_ENDED)
            if self._refusal and line.startswith("+"):
                raise EngineError(self._refusal)
            assert self._watcher.stdin is not None
            try:
                self._watcher.stdin.write(line)
                self._watcher.stdin.flush()
            except BrokenPipeError:
                raise EngineError("The process that guards this run's processes was killed. Run again.") from None


def _require_program(program: str, environment: Mapping[str, str], cwd: Path | None) -> None:
    """What `subprocess.Popen` would raise if there were no keeper between."""
    if os.sep in program:
        found = Path(cwd or Path(), program).exists()
    else:
        found = shutil.which(program, path=environment.get("PATH", os.defpath)) is not None
    if not found:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
