"""A commit to be measured: a fresh clone of it, with an environment and caches of its own, in a temporary folder.

Commits differ in where the local run is and where it keeps its caches; all else is the same command for each. It must
not know what is measured.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.processes import Usage, environment, run

PROJECT = Path(__file__).resolve().parents[2]
_OF_THE_PROJECT = ("assemblies", "codebuild/local")
"""What runs keep of a project itself; all else in their cache are packages, which any project may need."""


@dataclass(frozen=True)
class Layout:
    """`module` has the class Rehearsal. `cache` is below the clone, or below $XDG_CACHE_HOME where `is_users`."""

    module: str
    cache: str
    is_users: bool


LAYOUTS = {
    "rehearsal/rehearsal.py": Layout("rehearsal.rehearsal", "rehearsal", is_users=True),
    "pipeline/local/rehearsal.py": Layout("pipeline.local.rehearsal", ".local/cache", is_users=False),
}
"""By the file that tells it."""


@dataclass(frozen=True)
class Clone:
    """A clone in `folder`/source; everything else that its commands write is in `folder`, too."""

    folder: Path

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def python(self) -> Path:
        return self.source / ".venv" / "bin" / "python"

    @property
    def layout(self) -> Layout:
        return next(layout for file, layout in LAYOUTS.items() if (self.source / file).is_file())

    @property
    def cache(self) -> Path:
        """Where its runs keep what later ones use again."""
        layout = self.layout
        return (self.folder / "cache" if layout.is_users else self.source) / layout.cache

    def run(self, *command: str | Path, log: str, samples_memory: bool = False) -> Usage:
        """Raises CommandFailed."""
        words, log_file = [str(word) for word in command], self.folder / f"{log}.log"
        env = environment(self.folder)
        return run(words, cwd=self.source, env=env, log=log_file, samples_memory=samples_memory)


@dataclass
class Side:
    """`name` heads its column. What is made for it is below `folder`."""

    name: str
    commit: str
    folder: Path
    _clones: int = field(default=0)
    _prepared: Clone | None = None

    def clone(self) -> Clone:
        """A fresh one, without an environment; who asked for it removes it."""
        self._clones += 1
        clone = Clone(self.folder / str(self._clones))
        _git("clone", "--quiet", "--no-hardlinks", str(PROJECT), str(clone.source))
        _git("checkout", "--quiet", "-B", "main", self.commit, within=clone.source)
        return clone

    def prepared(self) -> Clone:
        """The side's own, kept over all measurements, with the environment that `make prepare` makes."""
        if self._prepared is None:
            clone = self.clone()
            clone.run("make", "prepare", log="prepare")
            self._prepared = clone
        return self._prepared

    @contextmanager
    def removed_clone(self) -> Iterator[Clone]:
        clone = self.clone()
        try:
            yield clone
        finally:
            shutil.rmtree(clone.folder, ignore_errors=True)

    def copy_packages(self, target: Clone) -> None:
        """The packages that runs have fetched, as any earlier run of this machine leaves them to a new clone."""
        source = self.prepared()
        if not source.cache.is_dir():
            source.run("make", "run", log="warm-up")
        copy_packages(source.cache, target.cache)


def copy_packages(source: Path, target: Path) -> None:
    """As links: caches replace their files and never write into them."""
    left_out = {str(source / name) for name in _OF_THE_PROJECT}

    def ignored(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if str(Path(folder, name)) in left_out]

    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=ignored, copy_function=os.link)


@contextmanager
def sides(commits: Mapping[str, str]) -> Iterator[list[Side]]:
    """By name of the column, in that order; their folders are gone when it is left."""
    # Not TemporaryDirectory: what a run that was ended has not yet deleted itself must not fail this.
    folder = Path(tempfile.mkdtemp(prefix="b-"))
    try:
        yield [Side(name, commit, folder / str(number)) for number, (name, commit) in enumerate(commits.items())]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def commit_id(rev: str) -> str:
    """Raises subprocess.CalledProcessError when there is none."""
    return _git("rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}", within=PROJECT)


def is_changed() -> bool:
    """Whether files differ from HEAD: those changes are not measured."""
    return bool(_git("status", "--porcelain", "--untracked-files=no", within=PROJECT))


def _git(*arguments: str, within: Path | None = None) -> str:
    return subprocess.run(["git", *arguments], cwd=within, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
