"""Brings what Lambda's Node.js runtimes bring: the AWS SDK for JavaScript version 3, as package-lock.json pins it; to
runtimes before nodejs18.x version 2, as version_2/package-lock.json does.

Of version 3, Lambda has every client. Here are those that functions and CDK's own custom resources call most, of
services that the local AWS has, and the libraries around them (package.json): 300 MB, kept over runs; all of them would
be a gigabyte. It must not run anything but npm.

Source: "Building Lambda functions with Node.js", runtime-included SDK versions.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from rehearsal.errors import EngineError
from rehearsal.machine.guardian import Guardian
from rehearsal.machine.node_program import beside_node
from rehearsal.machine.run_folder import temporary_folder

PINS = Path(__file__).with_name("package.json")
LOCK = Path(__file__).with_name("package-lock.json")
_VERSION_2 = Path(__file__).with_name("version_2")
_RUNTIME = re.compile(r"nodejs(\d+)\..*")
_FIRST_WITH_VERSION_3 = 18
_PACKAGES = "node_modules"
_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error")
_PATIENCE = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
_LINES_OF_NPM = 6
_TRACE = re.compile(r"npm error\s+at ")

Install = Callable[[Path], None]


def install_with_npm(folder: Path) -> None:
    """Installs what the folder's package-lock.json says, with the user's own settings for npm.

    Raises EngineError with npm's own words, BadInput where there is no Node.js.
    """
    npm = beside_node("npm")
    if npm is None:
        raise EngineError("The AWS SDK for Node.js functions cannot be fetched: there is no npm. Install it.")
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
        raise EngineError(f"The AWS SDK for Node.js functions cannot be fetched: {npm} does not start: {exc}") from exc
    if process.returncode != 0:
        words = (complained.strip() or said.strip()).splitlines()
        shown = "\n".join([line for line in words if not _TRACE.match(line)][:_LINES_OF_NPM])
        raise EngineError(
            "The AWS SDK for Node.js functions, which Lambda brings, cannot be fetched. The first run of a pipeline "
            f"with such functions needs npm's registry; later ones do not. npm says:\n{shown}"
        )


def brings_version_2(runtime: str) -> bool:
    found = _RUNTIME.fullmatch(runtime)
    return found is not None and int(found.group(1)) < _FIRST_WITH_VERSION_3


def node_sdk(cache: Path, tell: Callable[[str], None]) -> NodeSdk:
    """That of a run whose cache this is."""
    return NodeSdk(cache / "lambda" / "nodejs", tell)


class NodeSdk:
    """The SDK as a folder `node_modules`, kept in `cache`. Safe to use from several threads.

    `tell` hears what takes a while.
    """

    def __init__(self, cache: Path, tell: Callable[[str], None], *, install: Install = install_with_npm) -> None:
        self._cache = cache
        self._tell = tell
        self._install = install
        self._lock = threading.Lock()

    def is_kept(self, runtime: str = "") -> bool:
        """Whether a run has fetched that of the runtime; without one, version 3."""
        return self._kept(_lock_of(runtime)).is_dir()

    def folder(self, runtime: str = "") -> Path:
        """Fetches it where no run has yet. Raises EngineError where npm cannot, BadInput where there is no Node.js."""
        lock = _lock_of(runtime)
        with self._lock:
            if not self.is_kept(runtime):
                version, size = ("version 2 of ", 100) if brings_version_2(runtime) else ("", 300)
                self._tell(
                    f"Fetching {version}the AWS SDK for Node.js functions, as Lambda brings it (once, {size} MB)."
                )
                self._fetch(lock)
        return self._kept(lock) / _PACKAGES

    def _kept(self, lock: Path) -> Path:
        return self._cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:32]

    def _fetch(self, lock: Path) -> None:
        kept = self._kept(lock)
        self._cache.mkdir(parents=True, exist_ok=True)
        with temporary_folder("unfinished-", within=self._cache) as unfinished:
            made = unfinished / kept.name
            made.mkdir()
            for file in (lock.with_name(PINS.name), lock):
                shutil.copyfile(file, made / file.name)
            self._install(made)
            try:
                made.rename(kept)
            except OSError:  # another run was quicker
                if not kept.exists():
                    raise


def _lock_of(runtime: str) -> Path:
    return _VERSION_2 / LOCK.name if brings_version_2(runtime) else LOCK
