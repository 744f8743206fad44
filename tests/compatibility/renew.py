"""Keeps a commit's domain code as the released version: `make released COMMIT=…`, with the commit that prod runs.

When: first thing in a change of service/cars or docs/events, if a release has reached prod since the last time. The
tests then compare with what will run beside the next release, and not with what ran once.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.compatibility.version import HERE, RELEASED

ROOT = HERE.parent.parent
DRIVER = "tests/compatibility/driver.py"
KEPT = {"service/__init__.py": "service", "service/cars": "service/cars", "docs/events": "events", DRIVER: "."}
"""Where in the copy the files of each path of the commit go."""


class NothingToKeep(Exception):
    """The commit is not one whose domain code can be kept."""


def renew(commit: str, *, repository: Path = ROOT, folder: Path = RELEASED) -> list[str]:
    """Replaces what is in `folder`; answers the paths of the commit that are kept now. Raises NothingToKeep."""
    full = _git(repository, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}").strip()
    paths = [
        path
        for path in _git(repository, "ls-tree", "-r", "--name-only", full, *KEPT).splitlines()
        if Path(path).suffix in (".py", ".json")
    ]
    if DRIVER not in paths:
        raise NothingToKeep(f"{commit} has no {DRIVER}: it is older than these tests, or of another project.")
    content = {path: _git(repository, "show", f"{full}:{path}") for path in paths}
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in content.items():
        target = folder / next(place for kept, place in KEPT.items() if path == kept or path.startswith(f"{kept}/"))
        target.mkdir(parents=True, exist_ok=True)
        (target / Path(path).name).write_text(text)
    (folder / "COMMIT").write_text(f"{full}\n")
    return paths


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NothingToKeep(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not arguments[0]:
        sys.stderr.write(
            "Which commit does prod run? make released COMMIT=… (docs/runbook/release.md says how to ask)\n"
        )
        return 2
    try:
        kept = renew(arguments[0])
    except NothingToKeep as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{len(kept)} files of {arguments[0]} are the released version now: run make test, and commit.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
