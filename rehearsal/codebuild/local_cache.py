"""CodeBuild's local cache in custom mode: folders that one build leaves for the next of the same project.

Best effort, as on AWS: a build must succeed without it. It must not know what is in the folders.
Source: CodeBuild user guide, "Cache builds to improve performance", "cache/paths" of the buildspec reference.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rehearsal.machine.run_folder import temporary_folder

_WHOLE_FOLDER = "/**/*"


class LocalCache:
    """`folder` is of one action; `paths` are its buildspec's, as `.mypy_cache/**/*`: folders of the source alone."""

    def __init__(self, folder: Path, paths: tuple[str, ...]) -> None:
        self._folder = folder
        self._names = tuple(_folders_of(paths))

    def restore(self, source: Path) -> None:
        """Copies what the last build left, but never over what the source brings itself."""
        for name in self._names:
            if (self._folder / name).is_dir() and not (source / name).exists():
                shutil.copytree(self._folder / name, source / name, symlinks=True)

    def save(self, source: Path) -> None:
        """Replaces each folder at once, so that a build beside this one never finds half of it."""
        for name in self._names:
            if (source / name).is_dir():
                self._replace(name, source / name)

    def _replace(self, name: str, made: Path) -> None:
        kept = self._folder / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(".saving-", within=kept.parent) as saving:
            shutil.copytree(made, saving / "new", symlinks=True)
            if kept.exists():
                kept.rename(saving / "old")
            (saving / "new").rename(kept)


def _folders_of(paths: tuple[str, ...]) -> Iterator[str]:
    """CodeBuild's local cache takes folders; one outside the source (a user's home, say) stays what it is here."""
    for path in paths:
        name = PurePosixPath(path.removesuffix(_WHOLE_FOLDER).rstrip("/"))
        if (
            name.is_absolute()
            or ".." in name.parts
            or "*" in str(name)
            or not name.parts
            or name.parts[0].startswith("~")
        ):
            continue
        yield str(name)
