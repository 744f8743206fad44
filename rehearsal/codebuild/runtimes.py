"""The runtime versions that a buildspec asks for, against those that this machine runs builds with.

It must not install a runtime. Source: CodeBuild user guide, "Available runtimes".
"""

from __future__ import annotations

import functools
import platform
import re
import subprocess
from collections.abc import Mapping

_COMMANDS = {
    "nodejs": ("node", "--version"),
    "golang": ("go", "version"),
    "java": ("java", "-version"),
    "dotnet": ("dotnet", "--version"),
    "ruby": ("ruby", "--version"),
    "php": ("php", "--version"),
}


def unmet_runtimes(wanted: Mapping[str, str]) -> list[str]:
    """One sentence for each runtime that is not here in the version asked for ("3.13", "22", "latest", "22.x")."""
    sentences = []
    for runtime, version in wanted.items():
        here = _version_here(runtime)
        prefix = version.removeprefix("corretto").removesuffix(".x")
        if here is None or (prefix != "latest" and f"{here}.".startswith(f"{prefix}.") is False):
            has = f"run with {here}, this machine's" if here else "do not have it"
            sentences.append(f"runtime-versions asks for {runtime} {version}; builds here {has}.")
    return sentences


@functools.cache
def _version_here(runtime: str) -> str | None:
    if runtime == "python":
        return platform.python_version()
    try:
        done = subprocess.run(_COMMANDS[runtime], capture_output=True, text=True, check=False)
    except (KeyError, OSError):
        return None
    found = re.search(r"\d+(\.\d+)*", done.stdout + done.stderr)
    return found.group(0) if found else None
