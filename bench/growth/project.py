"""A project of so many stacks and stages, and what planning and running it takes.

Its app and its Build copy what app.py has synthesized before: what is measured is the rehearsal. It must not compare.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Usage, environment, run

PROJECT = Path(__file__).resolve().parents[2]
ASSEMBLY = "assembly"
APP = f'cp -R {ASSEMBLY}/. "$CDK_OUTDIR"'


@dataclass(frozen=True)
class Size:
    stacks: int
    stages: int


@dataclass(frozen=True)
class Growing:
    """A project in `folder`; runs of it keep their packages in `cache`, which all sizes share."""

    size: Size
    folder: Path
    cache: Path

    def plan(self) -> Usage:
        """Raises CommandFailed."""
        return self._rehearse("plan")

    def release(self) -> Usage:
        """Raises CommandFailed."""
        return self._rehearse("run", "--approve")

    def _rehearse(self, *arguments: str) -> Usage:
        command = (sys.executable, "-m", "rehearsal", *arguments, "--project", str(self.folder))
        return run(command, cwd=PROJECT, env=environment(self.cache), log=self.cache / f"{self.folder.name}.log")


def make_project(size: Size, folder: Path, cache: Path) -> Growing:
    """A git repository in a new folder. Raises CommandFailed."""
    folder.mkdir()
    run(
        (sys.executable, "-m", "bench.growth.app", str(size.stacks), str(size.stages)),
        cwd=PROJECT,
        env={**environment(cache), "CDK_OUTDIR": str(folder / ASSEMBLY)},
        log=cache / "synth.log",
    )
    (folder / "cdk.json").write_text(json.dumps({"app": APP}))
    (folder / "node_modules").symlink_to(PROJECT / "node_modules")
    (folder / ".gitignore").write_text("/node_modules\n")
    author = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*author, "commit", "--quiet", "-m", "Growth")):
        subprocess.run(["git", *arguments], cwd=folder, check=True, env=_without_a_repository())
    return Growing(size, folder, cache)


def _without_a_repository() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
