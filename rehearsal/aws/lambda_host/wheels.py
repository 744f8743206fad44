"""Packages in a bundle whose wheels are for Lambda's machine and not for this one: the same pins, installed for here.

In: the folders that Python will look at. Out: a folder to look at first, or nothing when all packages fit. A pure
package fits everywhere; any other is judged by the tags in its `*.dist-info/WHEEL`. It must not touch the bundle.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import uv
from packaging import tags

from rehearsal.errors import EngineError
from rehearsal.machine.run_folder import temporary_folder
from rehearsal.run_events import EventLog, Notice

Install = Callable[[Sequence[str], Path], None]


def pins_that_do_not_fit(paths: Iterable[Path], machine: frozenset[tags.Tag] | None = None) -> tuple[str, ...]:
    """`name==version` of every distribution in `paths` that this machine (or the one with the tags) cannot load."""
    fitting = frozenset(tags.sys_tags()) if machine is None else machine
    pins = {
        f"{distribution.name}=={distribution.version}"
        for distribution in importlib.metadata.distributions(path=[str(path) for path in paths])
        if not _fits(distribution.read_text("WHEEL") or "", fitting)
    }
    return tuple(sorted(pins))


def _fits(wheel: str, fitting: frozenset[tags.Tag]) -> bool:
    """`wheel` is the text of a WHEEL file: its Tag lines name what the package was built for."""
    built_for = [line.removeprefix("Tag:").strip() for line in wheel.splitlines() if line.startswith("Tag:")]
    return not built_for or any(tag in fitting for line in built_for for tag in tags.parse_tag(line))


def install_with_uv(pins: Sequence[str], target: Path) -> None:
    """Installs the pins for the Python that runs this. Raises EngineError with uv's own words."""
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--python", sys.executable, "--target", str(target)]
    install = [uv.find_uv_bin(), "pip", "install", *options, *pins]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineError(f"{', '.join(pins)} cannot be installed for this machine: {done.stderr.strip()}")


class MachinePackages:
    """Folders of packages installed for this machine, kept in `cache` over runs. Safe to use from several threads."""

    def __init__(self, cache: Path, event_log: EventLog, *, install: Install = install_with_uv) -> None:
        self._cache = cache
        self._event_log = event_log
        self._install = install
        self._lock = threading.Lock()
        self._told: set[tuple[str, ...]] = set()

    def folder_for(self, paths: Sequence[Path]) -> Path | None:
        pins = pins_that_do_not_fit(paths)
        if not pins:
            return None
        key = hashlib.sha256("\n".join((*pins, sysconfig.get_platform(), sys.version)).encode()).hexdigest()[:32]
        folder = self._cache / key
        with self._lock:
            self._tell(pins)
            if not folder.exists():
                self._cache.mkdir(parents=True, exist_ok=True)
                with temporary_folder("unfinished-", within=self._cache) as unfinished:
                    made = unfinished / folder.name
                    made.mkdir()
                    self._install(pins, made)
                    _keep(made, folder)
        return folder

    def _tell(self, pins: tuple[str, ...]) -> None:
        if pins in self._told:
            return
        self._told.add(pins)
        count = f"{len(pins)} packages are" if len(pins) > 1 else "1 package is"
        self._event_log.emit(
            Notice(
                text=f"{count} built for Lambda's machine, not this one: the same versions were installed for it.",
                detail="\n".join(pins),
            )
        )


def _keep(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:  # another run was quicker
        if not folder.exists():
            raise
