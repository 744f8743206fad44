"""A command, from its start to its end, or ended: seconds, processor time, and the memory of all that it started.

Nothing of it is left, whatever happens meanwhile. It must not know what the command does. Linux only: it reads /proc.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_SECONDS = 0.5
END_SECONDS = 20.0
"""A release that is told to end stops its local AWS first."""

_PROC = Path("/proc")
_SHOWN_LINES = 30


class CommandFailed(Exception):
    """It did not end with 0; the message has its last lines."""


@dataclass(frozen=True)
class Usage:
    """`cpu_seconds` is of the command and of all that was waited for; `peak_bytes` see `Tree`, 0 if not asked for."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, samples_memory: bool = False) -> Usage:
    """Its output goes to `log`. Raises CommandFailed.

    To sample the memory of a release takes a tenth of a processor, which the release then does not have.
    """
    began = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    tree = Tree(process.pid, samples_memory)
    try:
        with tree:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - began
    finally:
        tree.end()
        with suppress(ChildProcessError):
            process.wait()
    if process.returncode != 0:
        raise CommandFailed(f"{' '.join(command)}: exit code {process.returncode}. Its last lines:\n{_last_lines(log)}")
    return Usage(seconds, usage.ru_utime + usage.ru_stime, tree.peak_bytes)


def environment(folder: Path) -> dict[str, str]:
    """The user's, but for where runs keep things and temporary files go: below `folder`. pip and uv stay warm."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache, temporary = folder / "cache", folder / "t"  # short: sockets of runs are in it
    for path in (cache, temporary):
        path.mkdir(parents=True, exist_ok=True)
    return {
        "PIP_CACHE_DIR": str(caches / "pip"),
        "UV_CACHE_DIR": str(caches / "uv"),
        **{name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")},
        "XDG_CACHE_HOME": str(cache),
        "TMPDIR": str(temporary),
    }


@dataclass
class Tree:
    """A process that runs, and all that it and its descendants start; used as a context manager it is sampled.

    `peak_bytes` is the largest sum over them at one moment, of each one's proportional set size: a page that several
    share is counted once. Source: proc(5), /proc/PID/smaps_rollup.
    """

    root: int
    samples_memory: bool = False
    peak_bytes: int = 0
    _known: set[tuple[int, int]] = field(default_factory=set)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _sampler: threading.Thread | None = None

    def __post_init__(self) -> None:
        process = read_processes().get(self.root)
        if process is not None:
            self._known.add((self.root, process.began))

    def __enter__(self) -> Tree:
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if self._sampler is not None:
            self._sampler.join()

    def end(self, *, seconds: float = END_SECONDS) -> None:
        """Asks the root to end, which ends what it has started, and kills those that are left after so long."""
        self._signal({self.root} & self.look(), signal.SIGTERM, seconds)
        self._signal(self.look(), signal.SIGKILL, END_SECONDS)

    def _signal(self, pids: set[int], number: signal.Signals, seconds: float) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while self.look() and time.monotonic() < deadline:
            time.sleep(0.1)

    def look(self) -> set[int]:
        """Those that live: of those seen before, and all below them, whoever their parent is by now."""
        processes = read_processes()
        seen = {pid for pid, began in self._known if pid in processes and processes[pid].began == began}
        alive = descendants({pid: process.parent for pid, process in processes.items()}, seen)
        self._known = {(pid, processes[pid].began) for pid in alive}
        return alive

    def _sample(self) -> None:
        while not self._is_over.wait(SAMPLE_SECONDS):
            alive = self.look()
            if self.samples_memory:
                self.peak_bytes = max(self.peak_bytes, sum(pss_bytes(pid) for pid in alive))


@dataclass(frozen=True)
class Process:
    """`began` is in the machine's ticks: with the id it names a process for good, for ids are given again."""

    parent: int
    began: int


def read_processes(proc: Path = _PROC) -> dict[int, Process]:
    """All that run, by id; one that has ended and was not asked for yet (a zombie) is none."""
    found = {}
    for folder in proc.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                # The name, in parentheses, may hold anything, parentheses too.
                words = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if words[0] != "Z":
                    found[int(folder.name)] = Process(parent=int(words[1]), began=int(words[19]))
    return found


def descendants(parents: Mapping[int, int], roots: Iterable[int]) -> set[int]:
    """The roots and all below them, given each process's parent."""
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    left = list(roots)
    while left:
        pid = left.pop()
        if pid not in found:
            found.add(pid)
            left.extend(children.get(pid, ()))
    return found


def pss_bytes(pid: int, proc: Path = _PROC) -> int:
    """0 for one that has ended meanwhile."""
    try:
        lines = (proc / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:])
