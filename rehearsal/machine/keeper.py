"""Runs one command, and ends with it all that it started, wherever that went. Linux only.

It is a program of its own: `python -I -S keeper.py LIFELINE ALIVE COMMAND…`, both file descriptors. As a "child
subreaper" (prctl(2)) it becomes the parent of every process that the command leaves behind, whatever group, session or
environment that one gave itself; so "all that it started" means "all my children, until there are none".

- When the command ends, the keeper ends what is left, and then ends as the command did: with its code, by its signal.
- When the lifeline ends (a pipe whose other end the run alone holds), it ends the command, too. So does every keeper
  when the run is gone. ALIVE it only holds: who reads there knows when the last keeper has ended.
- Signals it hands on to the command's process group.

It must not import what takes time to load, for it comes before every command, nor anything of this project.
"""

# ruff: noqa: PTH123, PTH208, SIM105  (pathlib and contextlib take time to load)

from __future__ import annotations

import ctypes
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Iterable, Iterator
else:
    import _signal as signal  # `signal` makes enums of its numbers, which takes a third of all this program's time

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36  # <linux/prctl.h>
_FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
_END_SECONDS = 5.0
_LOOK_AGAIN_MS = 10
_CANNOT_RUN = 127

_prctl = ctypes.CDLL(None).prctl


def main(lifeline: int, alive: int, arguments: list[str]) -> None:
    """Does not return."""
    os.set_inheritable(lifeline, False)
    os.set_inheritable(alive, False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (*_FORWARDED, signal.SIGCHLD))
    keeper = os.getpid()
    command = os.fork()
    if command == 0:
        _become(arguments, keeper, before)
    _let_go(kept=(lifeline, alive))
    woken = _hear_signals(command)
    _wait(command, lifeline, woken)
    _end_as(_end_all(command, woken))


def _become(arguments: list[str], keeper: int, blocked: Iterable[int]) -> None:
    """In the child: to the command all is as if there were no keeper, but for its parent."""
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # somebody may kill the keeper itself
    if os.getppid() != keeper:
        os._exit(_CANNOT_RUN)
    for number in _IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    try:
        os.execvpe(arguments[0], arguments, _environment())  # noqa: S606
    except OSError as exc:
        os.write(2, f"{arguments[0]}: {exc.strerror}\n".encode())
    finally:
        os._exit(_CANNOT_RUN)


def _environment() -> dict[bytes, bytes]:
    """As it was given: a Python that starts in the C locale changes its own."""
    with open("/proc/self/environ", "rb") as file:
        variables = file.read().split(b"\0")
    return dict(variable.split(b"=", 1) for variable in variables if b"=" in variable)


def _let_go(kept: tuple[int, ...]) -> None:
    """Of the command's files and folder: a pipe has to end when the command closes it."""
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:  # the one that read the folder
                pass


def _hear_signals(command: int) -> int:
    """The end of a pipe that can be read after each signal."""
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in _FORWARDED:
        signal.signal(number, lambda number, _: _signal_group(command, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*_FORWARDED, signal.SIGCHLD))
    return woken


def _wait(command: int, lifeline: int, woken: int) -> None:
    """Until the command or the lifeline has ended. The command is not reaped, so its number stays its own."""
    poll = select.poll()
    poll.register(lifeline, 0)  # an end is told unasked
    poll.register(woken, select.POLLIN)
    while not _has_ended(command):
        if any(file == lifeline for file, _ in poll.poll()):
            return
        os.read(woken, 4096)


def _has_ended(command: int) -> bool:
    """Reaps what the command has left behind and what has ended since."""
    while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if ended.si_pid == command:
            return True
        os.waitpid(ended.si_pid, 0)
    return False


def _end_all(command: int, woken: int) -> int:
    """Kills until no child is left; the command's wait status. What does not die of SIGKILL in time is left.

    A child's number, and its group's, are its own until the keeper reaps it, so nobody else's process is hit; a
    grandchild becomes a child when its parent dies.
    """
    status: int = signal.SIGKILL
    poll = select.poll()
    poll.register(woken, select.POLLIN)
    deadline = time.monotonic() + _END_SECONDS
    _signal_group(command, signal.SIGKILL)
    while time.monotonic() < deadline:
        try:
            while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                _kill(ended.si_pid)
                _, end = os.waitpid(ended.si_pid, 0)
                if ended.si_pid == command:
                    status = end
        except ChildProcessError:
            break
        for child in _children():
            _kill(child)
        if poll.poll(_LOOK_AGAIN_MS):
            os.read(woken, 4096)
    return status


def _children() -> Iterator[int]:
    """Those that live, the newest first."""
    me = os.getpid()
    for name in reversed(os.listdir("/proc")):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    state, parent = file.read().rpartition(b") ")[2].split()[:2]
            except (OSError, ValueError):  # it is gone
                continue
            if int(parent) == me and state != b"Z":
                yield int(name)


def _kill(child: int) -> None:
    """With its group, though it be dead already: one that forks and ends is outrun by its child, a group by nobody."""
    try:
        group = os.getpgid(child)
        if group == os.getpgid(0):
            os.kill(child, signal.SIGKILL)
        else:
            os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _signal_group(command: int, number: int) -> None:
    try:
        os.killpg(command, number)
    except ProcessLookupError:  # it has no group of its own yet
        try:
            os.kill(command, number)
        except ProcessLookupError:
            pass
    except PermissionError:
        pass


def _end_as(status: int) -> None:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        _prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # the command has left its core, if any
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (number,))
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
