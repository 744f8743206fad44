"""Packages of npm that the rehearsal itself needs, as a package-lock.json pins them, kept over runs.

It must not know what they are for, nor run anything but npm.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from rehearsal.errors import EngineError
from rehearsal.machine.guardian import Guardian
from rehearsal.machine.node_program import beside_node
from rehearsal.machine.run_folder import temporary_folder

_MANIFEST = "package.json"
_PACKAGES = "node_modules"
_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error")
_PATIENCE = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
_LINES_OF_NPM = 6
_TRACE = "npm error     at "

Install = Callable[[Path], None]


def kept_packages(lock: Path, cache: Path) -> Path:
    """The folder `node_modules` of the lock file, which is there when it was fetched."""
    return cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:32] / _PACKAGES


def fetch_packages(lock: Path, cache: Path, install: Install) -> None:
    """Makes it. `install` is given a folder with the lock file and the package.json beside it."""
    kept = kept_packages(lock, cache).parent
    cache.mkdir(parents=True, exist_ok=True)
    with temporary_folder("unfinished-", within=cache) as unfinished:
        made = unfinished / kept.name
        made.mkdir()
        for file in (lock.with_name(_MANIFEST), lock):
            shutil.copyfile(file, made / file.name)
        install(made)
        try:
            made.rename(kept)
        except OSError:  # another run was quicker
            if not kept.exists():
                raise


def npm_install(what: str, remark: str = "") -> Install:
    """Installs what the folder's package-lock.json says, with the user's own settings for npm.

    `what` names it, and `remark` is a sentence, for the EngineError with npm's own words; BadInput where there is no
    Node.js.
    """
    return lambda folder: _npm_ci(folder, what, remark)


def _npm_ci(folder: Path, what: str, remark: str) -> None:
    npm = beside_node("npm")
    if npm is None:
        raise EngineError(f"{what} cannot be fetched: there is no npm. Install it.")
    try:
        with Guardian() as guardian:  # a run that is killed leaves no npm behind
            process = guardian.popen(
                [npm, "ci", *_OPTIONS, *_PATIENCE],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            said, complained = process.communicate()
    except OSError as exc:
        raise EngineError(f"{what} cannot be fetched: {npm} does not start: {exc}") from exc
    if process.returncode != 0:
        words = (complained.strip() or said.strip()).splitlines()
        shown = "\n".join([line for line in words if not line.startswith(_TRACE)][:_LINES_OF_NPM])
        raise EngineError(f"{what} cannot be fetched. {remark} npm says:\n{shown}")
