"""Brings what Lambda's Node.js runtimes bring: the AWS SDK for JavaScript version 3, as package-lock.json pins it; to
runtimes before nodejs18.x version 2, as version_2/package-lock.json does.

Of version 3, Lambda has every client. Here are those that functions and CDK's own custom resources call most, of
services that the local AWS has, and the libraries around them (package.json): 300 MB, kept over runs; all of them would
be a gigabyte. It must not run anything but npm.

Source: "Building Lambda functions with Node.js", runtime-included SDK versions.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

from rehearsal.machine.npm import Install, fetch_packages, kept_packages, npm_install

PINS = Path(__file__).with_name("package.json")
LOCK = Path(__file__).with_name("package-lock.json")
_VERSION_2 = Path(__file__).with_name("version_2")
_RUNTIME = re.compile(r"nodejs(\d+)\..*")
_FIRST_WITH_VERSION_3 = 18
_INSTALL = npm_install(
    "The AWS SDK for Node.js functions, which Lambda brings,",
    "The first run of a pipeline with such functions needs npm's registry; later ones do not.",
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

    def __init__(self, cache: Path, tell: Callable[[str], None], *, install: Install = _INSTALL) -> None:
        self._cache = cache
        self._tell = tell
        self._install = install
        self._lock = threading.Lock()

    def is_kept(self, runtime: str = "") -> bool:
        """Whether a run has fetched that of the runtime; without one, version 3."""
        return kept_packages(_lock_of(runtime), self._cache).is_dir()

    def folder(self, runtime: str = "") -> Path:
        """Fetches it where no run has yet. Raises EngineError where npm cannot, BadInput where there is no Node.js."""
        lock = _lock_of(runtime)
        with self._lock:
            if not self.is_kept(runtime):
                version, size = ("version 2 of ", 100) if brings_version_2(runtime) else ("", 300)
                self._tell(
                    f"Fetching {version}the AWS SDK for Node.js functions, as Lambda brings it (once, {size} MB)."
                )
                fetch_packages(lock, self._cache, self._install)
        return kept_packages(lock, self._cache)


def _lock_of(runtime: str) -> Path:
    return _VERSION_2 / LOCK.name if brings_version_2(runtime) else LOCK
