"""Which Python an app runs on: that of its `.venv`, or of the user's own environment; never the rehearsal's own.

The rehearsal is installed with packages that the app must not find: it would run on versions that are none of its own.
It must not install anything.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rehearsal.errors import BadInput

_PYTHON = re.compile(r"python(\d(\.\d+)?)?")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_HAS_CDK = "import importlib.util, sys; sys.exit(importlib.util.find_spec('aws_cdk') is None)"
_LEADING_OTHERS = ("PYTHONPATH", "PYTHONHOME")


def python_variables(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """PATH and VIRTUAL_ENV (left out where none is active) of the app in `folder`, and the rest of the environment.

    The rehearsal's own programs come last on the PATH: Node.js, too, may be among them.
    """
    result = {name: value for name, value in environment.items() if name != "VIRTUAL_ENV"}
    own = _own_environment()
    entries = [entry for entry in environment.get("PATH", "").split(os.pathsep) if entry]
    owned = [entry for entry in entries if own is not None and _is_same(Path(entry), own / "bin")]
    others = [entry for entry in entries if entry not in owned]
    if (venv := _venv(folder)) is not None:
        result["VIRTUAL_ENV"] = str(venv)
        others.insert(0, str(venv / "bin"))
    elif (active := environment.get("VIRTUAL_ENV")) and not (own is not None and _is_same(Path(active), own)):
        result["VIRTUAL_ENV"] = active
    result["PATH"] = os.pathsep.join((*others, *owned))
    return result


def require_python(folder: Path, app: str, environment: Mapping[str, str] = os.environ) -> None:
    """Raises BadInput where the app's command runs a Python that has no CDK, or that is the rehearsal's own.

    An app that has a `.venv`, or runs something else (uv, poetry, node), says itself what it lacks.
    """
    words = _command(app)
    if _venv(folder) is not None or not words or not _PYTHON.fullmatch(words[0]):
        return
    variables = python_variables(folder, environment)
    program = shutil.which(words[0], path=variables["PATH"])
    if program is not None and not _is_own(Path(program)) and _has_cdk(program, variables):
        return
    found = f"{program} has no aws_cdk" if program else f"there is no {words[0]} on the PATH"
    if program is not None and _is_own(Path(program)):
        found = f"{program} is the rehearsal's own, whose packages are none of the app's"
    raise BadInput(
        f"{folder} has no .venv with a Python, and {found}. Make one: `python3 -m venv .venv`, then "
        "`.venv/bin/pip install -r requirements.txt`. Or activate the environment that the app runs in, then run again."
    )


def _command(app: str) -> list[str]:
    """The words without what sets variables before them; none where the shell itself will not understand them."""
    try:
        words = shlex.split(app)
    except ValueError:
        return []
    while words and (words[0] == "env" or _ASSIGNMENT.match(words[0])):
        words.pop(0)
    return words


def _venv(folder: Path) -> Path | None:
    """The app's own, beside it or above it in its repository. One without a Python is none: another would run."""
    for place in (folder, *folder.parents):
        if any((place / ".venv" / "bin" / name).exists() for name in ("python", "python3")):
            return place / ".venv"
        if (place / ".git").exists():
            return None
    return None


def _own_environment() -> Path | None:
    """None where the rehearsal is installed into a machine's Python: that is the user's."""
    return Path(sys.prefix) if sys.prefix != sys.base_prefix else None


def _is_own(program: Path) -> bool:
    own = _own_environment()
    return own is not None and _is_same(program.parent, own / "bin")


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _has_cdk(program: str, variables: Mapping[str, str]) -> bool:
    """As the app is run: what leads a Python elsewhere is not among its variables."""
    environment = {name: value for name, value in variables.items() if name not in _LEADING_OTHERS}
    done = subprocess.run([program, "-c", _HAS_CDK], env=environment, capture_output=True, check=False)
    return done.returncode == 0
