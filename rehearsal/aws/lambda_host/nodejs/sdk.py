"""Brings what Lambda's Node.js runtimes bring: the AWS SDK for JavaScript version 3, as package-lock.json pins it.

Lambda has every client. Here are those that functions and CDK's own custom resources call most, of services that the
local AWS has, and the libraries around them (package.json): 300 MB, kept over runs; all of them would be a gigabyte.
It must not run anything but npm.

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


def node_sdk(cache: Path, tell: Callable[[str], None]) -> NodeSdk:
    """That of a run whose cache this is."""
    return NodeSdk(cache / "lambda" / "nodejs", tell)


class NodeSdk:
    """The SDK as a folder `node_modules`, kept in `cache`. Safe to use from several threads.

    `tell` hears what takes a while.
    """

    def __init__(self, cache: Path, tell: Callable[[str], None], *, install: Install = install_with_npm) -> None:
        self._kept = cache / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:32]
        self._tell = tell
        self._install = install
        self._lock = threading.Lock()

    @property
    def is_kept(self) -> bool:
        """Whether a run has fetched it."""
        return self._kept.is_dir()

    def folder(self) -> Path:
        """Fetches it where no run has yet. Raises EngineError where npm cannot, BadInput where there is no Node.js."""
        with self._lock:
            if not self.is_kept:
                self._fetch()
        return self._kept / _PACKAGES

    def _fetch(self) -> None:
        self._tell("Fetching the AWS SDK for Node.js functions, as Lambda brings it (once, 300 MB).")
        self._kept.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder("unfinished-", within=self._kept.parent) as unfinished:
            made = unfinished / self._kept.name
            made.mkdir()
            for file in (PINS, LOCK):
                shutil.copyfile(file, made / file.name)
            self._install(made)
            try:
                made.rename(self._kept)
            except OSError:  # another run was quicker
                if not self._kept.exists():
                    raise
