"""Brings the npm packages that a package-lock.json pins, once, into a folder that is given. It runs nothing but npm."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error")


def node_modules(lock: Path, cache: Path) -> Path:
    """The folder `node_modules`. Raises CalledProcessError when npm fails; its own words are on the terminal."""
    kept = cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:32]
    done = kept / "done"
    if not done.exists():
        kept.mkdir(parents=True, exist_ok=True)
        for file in (lock.with_name("package.json"), lock):
            shutil.copyfile(file, kept / file.name)
        subprocess.run(["npm", "ci", *_OPTIONS], cwd=kept, check=True)
        done.touch()
    return kept / "node_modules"
