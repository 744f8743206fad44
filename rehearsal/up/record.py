"""Where a project's `rehearse up` says that it runs: a folder in the cache, readable by its user alone.

    FOLDER/lock           held by the process that runs, however it ends
    FOLDER/running.json   how to reach it (Running)
    FOLDER/events.jsonl   the history, and FOLDER/logs what actions said

It must not know what runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rehearsal.errors import BadInput, EngineError

_PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
_LOOKING_SECONDS = 1.0
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Running:
    """`page_url` holds the page's secret. `pipeline`, `account` and `region` are "" until the pipeline is deployed;
    `profiles` is the file with a profile for each account. `started_at` is wall-clock seconds since the epoch."""

    process_id: int
    project: str
    branch: str
    started_at: float
    page_url: str = ""
    endpoint_url: str = ""
    profiles: str = ""
    pipeline: str = ""
    account: str = ""
    region: str = ""


class UpFolder:
    """The folder of the project with this id (`Project.id`)."""

    def __init__(self, cache: Path, project_id: str) -> None:
        self.path = cache / "up" / project_id
        self._lock: int | None = None

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def hold(self) -> None:
        """Until `release`, or the end of this process. Raises BadInput where another holds it, EngineError where the
        file system has no locks."""
        self.path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
        try:
            _lock(descriptor)
        except OSError as exc:
            os.close(descriptor)
            if not isinstance(exc, BlockingIOError):
                raise EngineError(f"{self.path} cannot be locked: {exc.strerror}.") from exc
            raise BadInput(self._already_runs()) from exc
        self._lock = descriptor
        self._record.unlink(missing_ok=True)  # of one that was killed

    def release(self) -> None:
        self._record.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def tell(self, running: Running) -> None:
        """Replaces the record as a whole."""
        new = self.path / "running.json.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE), "w") as opened:
            json.dump(asdict(running), opened)
        new.replace(self._record)

    def running(self) -> Running | None:
        """What the `up` that runs says of itself; None where none runs, or where it has not said anything yet."""
        if not self._is_held():
            return None
        try:
            return Running(**json.loads(self._record.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    @property
    def _record(self) -> Path:
        return self.path / "running.json"

    def _is_held(self) -> bool:
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _already_runs(self) -> str:
        running = self.running() or Running(process_id=0, project="this project", branch="", started_at=0.0)
        where = f" Its page: {running.page_url}" if running.page_url else ""
        return f"`rehearse up` already runs for {running.project} (process {running.process_id}).{where}"


def _lock(descriptor: int) -> None:
    """Waits a moment: a command that looks whether an `up` runs has the lock as long as it looks. Raises OSError."""
    deadline = time.monotonic() + _LOOKING_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
