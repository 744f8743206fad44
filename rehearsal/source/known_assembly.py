"""The cloud assembly of the last commit that was planned, so that running the same commit again plans at once.

It is only what the pipeline is first deployed as: the pipeline's own build synthesizes the commit anew, and where that
differs the pipeline mutates, as on AWS. It must not be used for anything that is released.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from rehearsal.machine.run_folder import temporary_folder
from rehearsal.source.commit import Commit
from rehearsal.source.project import Project


class KnownAssembly:
    """`folder` is the project's own in the cache that runs share. Another run may use it at the same time."""

    def __init__(self, folder: Path, project: Project, commit: Commit) -> None:
        self._folder = folder
        self._key = _key(project, commit)

    def take(self, target: Path) -> bool:
        """Copies the assembly to `target` if it is the commit's, made with the packages and settings of now."""
        kept = self._folder / str(self._key)
        if self._key is None or not kept.is_dir():
            return False
        with suppress(OSError, shutil.Error):  # another run keeps a newer one
            begun = kept.stat().st_ino
            shutil.copytree(kept, target)
            if kept.stat().st_ino == begun:  # else it went away meanwhile, and what was copied of it may be a part
                return True
        shutil.rmtree(target, ignore_errors=True)
        return False

    def keep(self, assembly: Path) -> None:
        """In the place of the one before. A cache that cannot be written ends no run."""
        if self._key is not None:
            with suppress(OSError, shutil.Error):
                self._replace(assembly, self._key)

    def _replace(self, assembly: Path, key: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with temporary_folder(".keeping-", within=self._folder) as keeping:
            shutil.copytree(assembly, keeping / "new")
            for older in self._folder.iterdir():
                if not older.name.startswith("."):
                    with suppress(OSError):
                        older.rename(keeping / f"old-{older.name}")
            with suppress(OSError):  # another run was quicker
                (keeping / "new").rename(self._folder / key)


def _key(project: Project, commit: Commit) -> str | None:
    """None where it cannot be told which packages the app uses: they are not the project's own."""
    python_packages = sorted(
        path.name for path in project.directory.glob(".venv/lib/python*/site-packages/*.dist-info")
    )
    if not python_packages:
        return None
    npm_packages = project.directory / "node_modules" / ".package-lock.json"  # as npm installed them
    words = (
        *(commit.id, str(project.directory), str(project.cdk_version), sys.version),
        *(npm_packages.read_text() if npm_packages.is_file() else "", *python_packages),
        repr(project.settings),
    )
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]
