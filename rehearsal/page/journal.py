"""The events of a project's releases, numbered, in a file that outlives the run: what the page draws, and the history.

A line is an event (event_json.py). The file is bounded, by bytes and by executions, and readable by its user alone. Of
what an action says it keeps nothing (action_logs.py does). It must not know who reads.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.page.event_json import event_json
from rehearsal.run_events import ActionOutput, RunEvent

MOST_BYTES = 20_000_000
MOST_EXECUTIONS = 50
_KEPT_SHARE = 0.75  # of the bounds, when one is reached: the file is not written anew at each event
_MOST_EVENTS = 10**15  # a browser counts as far without a gap, and asks for what comes after any of them
_PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
# The newest of each is kept whatever its age: without it, what comes after could not be drawn.
_UP_STARTED, _STARTED, _ENDED = "UpStarted", "ExecutionStarted", "ExecutionEnded"
_ALWAYS_KEPT = (_UP_STARTED, "PipelineDefined")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """`text` is the line, without its end; `key` what a newer entry makes this one superfluous by, if anything."""

    seq: int
    text: str
    type: str
    execution_id: str
    key: str


class Journal:
    """A listener of the run's events, safe to use from several threads.

    Opening it reads what is kept: a line that was torn or damaged is left out, and `damaged` counts such. Where more
    than the last one was, the file as it was found stays beside it, as `.damaged`.
    """

    def __init__(self, file: Path, *, most_bytes: int = MOST_BYTES, most_executions: int = MOST_EXECUTIONS) -> None:
        self._file = file
        self._most_bytes = most_bytes
        self._most_executions = most_executions
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._entries: list[Entry] = []
        self._bytes = 0
        self._is_failing = False
        self._is_torn = False
        self.damaged = 0
        file.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        self._read()
        self._descriptor = self._write_anew()

    def __call__(self, event: RunEvent) -> None:
        """Never waits for a reader."""
        if isinstance(event, ActionOutput):
            return
        with self._lock:
            seq = self.last_seq + 1
            text = event_json(event, seq)
            self._keep(_entry({**vars(event), "seq": seq, "type": type(event).__name__}, text))
            self._write(f"{text}\n".encode())
            if self._descriptor >= 0 and self._is_full():
                self._forget()
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    @property
    def last_seq(self) -> int:
        return self._entries[-1].seq if self._entries else 0

    def after(self, seq: int, *, most: int) -> list[Entry]:
        """At most so many entries with a higher number, oldest first."""
        with self._lock:
            start = bisect_right(self._entries, seq, key=lambda entry: entry.seq)
            return self._entries[start : start + most]

    def executions(self) -> list[str]:
        """The ids of the executions that are kept, oldest first."""
        with self._lock:
            return self._executions()

    def of_type(self, kind: str, execution_id: str) -> list[Entry]:
        """The execution's entries of this event type, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if (entry.type, entry.execution_id) == (kind, execution_id)]

    def when_written(self, listener: Callable[[], None]) -> None:
        """`listener` is told after each event; it must not block."""
        with self._lock:
            self._listeners.append(listener)

    def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1

    def _read(self) -> None:
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return
        lines = content.split(b"\n")
        is_torn = bool(lines.pop())
        for line in lines:
            entry = _parsed(line)
            if entry is None or entry.seq <= self.last_seq:
                self.damaged += 1
            else:
                self._keep(entry)
        if self.damaged:
            self._file.replace(self._file.with_name(f"{self._file.name}.damaged"))
        self.damaged += is_torn
        if self._is_full():
            self._drop()

    def _keep(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._bytes += len(entry.text.encode()) + 1

    def _executions(self) -> list[str]:
        return list(dict.fromkeys(entry.execution_id for entry in self._entries if entry.type == _STARTED))

    def _is_full(self) -> bool:
        if self._bytes > self._most_bytes:
            return True
        return self._entries[-1:] != [] and self._entries[-1].type == _STARTED and self._has_too_many_executions()

    def _has_too_many_executions(self) -> bool:
        return len(self._executions()) > self._most_executions

    def _forget(self) -> None:
        """Where the disk is full, the file stays as it is until there is too much the next time."""
        self._drop()
        try:
            descriptor = self._write_anew()
        except OSError as exc:
            self._warn(exc)
            return
        os.close(self._descriptor)
        self._descriptor, self._is_torn = descriptor, False

    def _drop(self) -> None:
        """Leaves out whole events, the oldest first; what still runs stays, and of what is always kept the newest."""
        start = 0
        executions = self._executions()
        if len(executions) > self._most_executions:
            first = executions[-int(self._most_executions * _KEPT_SHARE)]
            start = next(i for i, entry in enumerate(self._entries) if entry.execution_id == first)
        size = sum(len(entry.text.encode()) + 1 for entry in self._entries[start:])
        while size > self._most_bytes * _KEPT_SHARE and start < len(self._entries) - 1:
            size -= len(self._entries[start].text.encode()) + 1
            start += 1
        rest = self._entries[start:]
        known = {entry.key for entry in rest if entry.key}
        older = self._entries[:start]
        newest = {entry.key: entry for entry in older if entry.key and entry.key not in known}
        running = self._running()
        kept = {entry.seq: entry for entry in (*newest.values(), *(e for e in older if e.execution_id in running))}
        self._entries = [*(kept[seq] for seq in sorted(kept)), *rest]
        self._bytes = sum(len(entry.text.encode()) + 1 for entry in self._entries)

    def _running(self) -> set[str]:
        """The executions of this `up` that have not ended: one may wait for an approval while many come and go."""
        running: set[str] = set()
        for entry in self._entries:
            if entry.type == _UP_STARTED:
                running.clear()
            elif entry.type == _STARTED:
                running.add(entry.execution_id)
            elif entry.type == _ENDED:
                running.discard(entry.execution_id)
        return running

    def _write_anew(self) -> int:
        """Replaces the file as a whole, so that it is never half written."""
        new = self._file.with_name(f"{self._file.name}.new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE), "wb") as opened:
            opened.writelines(f"{entry.text}\n".encode() for entry in self._entries)
        new.replace(self._file)
        return os.open(self._file, os.O_WRONLY | os.O_APPEND)

    def _write(self, line: bytes) -> None:
        """A disk that is full ends no release: the page still has it all, and the next run less of a history."""
        if self._descriptor < 0:
            return
        content = b"\n" + line if self._is_torn else line
        try:
            # What a full disk did not take of a line must not tear the next one too.
            self._is_torn = os.write(self._descriptor, content) < len(content)
            self._is_failing = False
        except OSError as exc:
            self._warn(exc)

    def _warn(self, error: OSError) -> None:
        """Once, until it can be written again."""
        if not self._is_failing:
            logger.warning("The history %s cannot be written: %s.", self._file, error.strerror)
        self._is_failing = True


def _parsed(line: bytes) -> Entry | None:
    try:
        text = line.decode()
        content = json.loads(text)
        return _entry(content, text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _entry(content: dict[str, Any], text: str) -> Entry:
    seq, kind = content["seq"], content["type"]
    if type(seq) is not int or not 0 < seq < _MOST_EVENTS or not isinstance(kind, str):
        raise TypeError(content)
    key = kind if kind in _ALWAYS_KEPT else ""
    if kind == "AlarmChanged":
        key = f"{kind} {content['account']} {content['alarm']}"
    return Entry(seq, text, kind, str(content.get("execution_id", "")), key)
