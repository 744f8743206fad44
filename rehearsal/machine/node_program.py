"""This machine's Node.js, by its true path: version managers' shims need the user's home.

It must not know what is run with it.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

from rehearsal.errors import BadInput


@functools.cache
def node_program() -> Path:
    """Raises BadInput where there is none that runs."""
    try:
        done = subprocess.run(["node", "-p", "process.execPath"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise BadInput(
            "Builds and Node.js functions need Node.js, and there is no `node` on the PATH that runs. Install Node 22."
        ) from exc
    return Path(done.stdout.strip())


@functools.cache
def known_options(names: tuple[str, ...]) -> frozenset[str]:
    """Which of these options this machine's Node.js takes from NODE_OPTIONS."""
    script = "process.argv.slice(1).filter((name) => process.allowedNodeEnvironmentFlags.has(name)).join(' ')"
    done = subprocess.run([node_program(), "-p", script, "--", *names], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


def beside_node(name: str) -> Path | None:
    """A program that came with it (`npm`, `npx`, `corepack`), else the PATH's."""
    beside = node_program().with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    return Path(found) if found else None
