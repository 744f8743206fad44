"""Folders of a run, and what becomes of them: removed when it is over, by the next run where it was killed.

A run holds a lock on a file of its folder. The kernel lets go of it however the run ends, so a lock that is free says
that nobody needs the folder any more. It must not touch a folder that is not of this user, or that has no such file:
that is not a run's, or of one that is just beginning.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "rehearsal-"
LOGS = "logs"
_LOCK = ".lock"
_CLEANING_SECONDS = 10.0
_CLEANING_PAUSE_SECONDS = 0.1


class RunFolder:
    """A new folder, `path`, in which only this user may read; this process keeps it until `close`."""

    def __init__(self, prefix: str = PREFIX, *, within: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
        self._lock = _hold(self.path)

    def close(self) -> None:
        """Removes all that is in it but for its logs, and the folder itself when there are none."""
        keep_logs(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


@contextmanager
def temporary_folder(prefix: str, *, within: Path | None = None) -> Iterator[Path]:
    """As `tempfile.TemporaryDirectory`; those of killed runs, with the same prefix in the same place, are swept."""
    sweep(prefix, within=within)
    folder = RunFolder(prefix, within=within)
    try:
        yield folder.path
    finally:
        folder.close()


def sweep(prefix: str = PREFIX, *, within: Path | None = None) -> None:
    """Removes what killed runs have left, but for their logs; by default in the system's folder for such."""
    for folder in (within or Path(tempfile.gettempdir())).glob(f"{prefix}*"):
        with suppress(OSError):  # it is held, it has no lock, or another run sweeps it as well
            if _is_ours(folder):
                _sweep(folder)


def keep_logs(folder: Path) -> None:
    """Removes all that a run made but for its logs. What cannot be removed now, the next run tries again."""
    function_logs = folder / "lambda" / "logs"
    if function_logs.is_dir():
        target = folder / LOGS / "functions"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.move(function_logs, target)
    deadline = time.monotonic() + _CLEANING_SECONDS
    while not _has_removed_rest(folder):
        if time.monotonic() > deadline:
            return
        time.sleep(_CLEANING_PAUSE_SECONDS)  # an action that was stopped may still be writing
    (folder / _LOCK).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _has_removed_rest(folder: Path) -> bool:
    for path in _rest(folder):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return not _rest(folder)


def _rest(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name not in (LOGS, _LOCK)]


def _hold(folder: Path) -> int | None:
    """The file gets its name when it is locked: nobody ever finds it free while its run lives.

    None on a file system that has no locks; then the folder has no lock file either, and nobody sweeps it.
    """
    unnamed = folder / f"{_LOCK}-new"
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        unnamed.unlink()
        return None
    unnamed.rename(folder / _LOCK)
    return descriptor


def _is_ours(folder: Path) -> bool:
    """Made as `mkdtemp` makes a folder, by this user; not a link to somewhere else."""
    status = folder.lstat()
    is_private = stat.S_IMODE(status.st_mode) & 0o077 == 0
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and is_private


def _sweep(folder: Path) -> None:
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        keep_logs(folder)
    finally:
        os.close(descriptor)
