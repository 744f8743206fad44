"""What the actions of a project's executions have said: a file for each, readable by its user alone.

    FOLDER/EXECUTION/STAGE~ACTION.log

An execution's files go with it from the history. Secrets were replaced before. It must not know who reads.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.run_events import ActionEnded, ActionOutput, ActionStarted, ExecutionEnded, RunEvent

MOST_BYTES = 20_000_000
MOST_BYTES_OF_ALL = 200_000_000
MOST_READ_BYTES = 1 << 20
_PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
# CodePipeline's own rules for names, and an execution's id. `~` is in neither.
_NAME = re.compile(r"[A-Za-z0-9.@\-_]{1,100}")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_CUT = "… The rest is not kept here: the log has reached its bound. It is whole among the logs of the run.\n"


@dataclass(frozen=True)
class ActionPath:
    """An action of an execution. Raises ValueError for what can be none."""

    execution_id: str
    stage: str
    action: str

    def __post_init__(self) -> None:
        if not (_ID.fullmatch(self.execution_id) and _NAME.fullmatch(self.stage) and _NAME.fullmatch(self.action)):
            raise ValueError(f"There is no action {self.execution_id}/{self.stage}/{self.action}.")


@dataclass(frozen=True)
class Piece:
    """`text` is whole characters; `next` the byte after it; `is_ended` that no more will come after it."""

    text: str
    next: int
    is_ended: bool


class ActionLogs:
    """A listener of the run's events, safe to use from several threads. A log has at most `most_bytes`."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._open: dict[ActionPath, tuple[int, int]] = {}  # a descriptor, and the size
        self._listeners: list[Callable[[], None]] = []
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)

    def __call__(self, event: RunEvent) -> None:
        """Never waits for a reader."""
        with self._lock:
            match event:
                case ActionStarted() if path := _path(event):
                    self._begin(path)
                case ActionOutput() if path := _path(event):
                    self._write(path, event.line)
                case ActionEnded() if path := _path(event):
                    self._end(path)
                case ExecutionEnded():
                    for path in [path for path in self._open if path.execution_id == event.execution_id]:
                        self._end(path)
                case _:
                    return
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def when_written(self, listener: Callable[[], None]) -> None:
        """`listener` is told after each line; it must not block."""
        with self._lock:
            self._listeners.append(listener)

    def read(self, path: ActionPath, start: int, *, most: int = MOST_READ_BYTES) -> Piece:
        """What was said from that byte on. Of an action that said nothing, nothing."""
        with self._lock:
            is_running = path in self._open
        try:
            with self._file(path).open("rb") as opened:
                opened.seek(start)
                content = opened.read(most)
        except FileNotFoundError:
            content = b""
        whole = _whole_characters(content)
        return Piece(whole.decode(errors="replace"), start + len(whole), not is_running and len(content) < most)

    def keep_only(self, executions: Sequence[str], *, most_bytes: int = MOST_BYTES_OF_ALL) -> None:
        """Removes the logs of all others, and, where these (oldest first) have more bytes, of the oldest of them."""
        free = most_bytes
        folders = {folder.name: folder for folder in self._folder.iterdir()}
        for execution in reversed(executions):
            folder = folders.pop(execution, None)
            free -= _size(folder) if folder is not None else 0
            if folder is not None and free < 0 and execution != executions[-1]:
                folders[execution] = folder
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        with self._lock:
            for path in list(self._open):
                self._end(path)

    def _begin(self, path: ActionPath) -> None:
        """A retry goes on in the file of the first time."""
        self._end(path)
        file = self._file(path)
        try:
            file.parent.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _PRIVATE)
        except OSError:  # a disk that is full ends no release
            return
        self._open[path] = (descriptor, os.fstat(descriptor).st_size)

    def _write(self, path: ActionPath, line: str) -> None:
        if path not in self._open:
            return
        descriptor, size = self._open[path]
        if size > self._most_bytes:
            return
        content = f"{line.rstrip()}\n".encode(errors="replace")
        if size + len(content) > self._most_bytes:
            content = _CUT.encode()
            size = self._most_bytes
        try:
            os.write(descriptor, content)
        except OSError:
            return
        self._open[path] = (descriptor, size + len(content))

    def _end(self, path: ActionPath) -> None:
        if path in self._open:
            os.close(self._open.pop(path)[0])

    def _file(self, path: ActionPath) -> Path:
        return self._folder / path.execution_id / f"{path.stage}~{path.action}.log"


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _path(event: ActionStarted | ActionOutput | ActionEnded) -> ActionPath | None:
    """None of an action that CodePipeline would not have: nothing is kept of it, and no release ends for that."""
    try:
        return ActionPath(event.execution_id, event.stage, event.action)
    except ValueError:
        return None


def _whole_characters(content: bytes) -> bytes:
    """Without the beginning of a character at its end."""
    for back in range(1, min(4, len(content)) + 1):
        byte = content[-back]
        if byte < 0x80:
            return content
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return content if back == length else content[:-back]
    return content
