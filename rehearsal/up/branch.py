"""The branch that is released: which commit it is at, and when that is another.

Looked at a few times a second, cheaply: git is asked when a file in which it keeps branches has changed, and now and
then whatever they say. It must not change the repository.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rehearsal.errors import BadInput
from rehearsal.source.commit import branches, current_branch, git_file, newest_commit

_ASKED_EVERY_SECONDS = 5.0
_SHOWN = 10
_Stamp = tuple[tuple[int, int, int] | None, ...]


def branch_to_release(top: Path, name: str | None) -> str:
    """The named branch of the repository, or the one that is checked out. Raises BadInput where there is none."""
    branch = name if name is not None else current_branch(top)
    known = branches(top)
    shown = ", ".join(known[:_SHOWN]) or "none"
    if not branch:
        raise BadInput(
            f"HEAD of {top} is detached: it is on no branch, so there is nothing that gets new commits. Name one: "
            f"--branch NAME. There are: {shown}."
        )
    if branch not in known:
        raise BadInput(f"There is no branch {branch!r} with a commit in {top}. There are: {shown}.")
    return branch


class Branch:
    """See the module."""

    def __init__(self, top: Path, name: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._top = top
        self._monotonic = monotonic
        self._files = [git_file(top, kept) for kept in (f"refs/heads/{name}", "packed-refs", "reftable/tables.list")]
        self._stamp: _Stamp = ()
        self._asked_at = float("-inf")
        self._seen: str | None = None

    def newest(self) -> str | None:
        """The commit that the branch is at now; None where the branch is gone."""
        return newest_commit(self._top, self.name)

    def new_commit(self) -> str | None:
        """The commit that the branch is at, once for each time that it is another than before: a push, a rebase, a
        reset. Of several between two calls, the last, as AWS releases a push of several."""
        stamp = tuple(map(_stamp, self._files))
        if stamp == self._stamp and self._monotonic() - self._asked_at < _ASKED_EVERY_SECONDS:
            return None
        self._stamp, self._asked_at = stamp, self._monotonic()
        newest = self.newest()
        if newest is None or newest == self._seen:
            return None
        self._seen = newest
        return newest


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
