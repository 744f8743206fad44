"""The folder in which runs keep what later runs use again: packages, layers, cloud assemblies.

It is the user's, never the project's or the tool's own: an installed tool may not write beside its code. It must not
know what is kept there. Source: XDG Base Directory Specification, `XDG_CACHE_HOME`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rehearsal.errors import BadInput

_NAME = "rehearsal"
_PRIVATE = 0o700


def user_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_CACHE_HOME/rehearsal`, or `~/.cache/rehearsal` where it is not set, or not absolute: then it counts as not
    set, says the specification. Raises BadInput where there is no home folder either.
    """
    base = Path(environment.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():
        return base / _NAME
    try:
        return Path.home() / ".cache" / _NAME
    except RuntimeError as exc:
        raise BadInput("There is no home folder to keep a cache in. Set XDG_CACHE_HOME to a folder of yours.") from exc


def require_cache(folder: Path) -> Path:
    """Makes the folder, readable by the user alone, and tries it with a file; answers it.

    Raises BadInput where no file can be written.
    """
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, prefix=".writable-") as file:
            file.write(b"written")
    except OSError as exc:
        raise BadInput(
            f"The cache {folder} cannot be written: {exc.strerror}. Make it writable, or set XDG_CACHE_HOME to the "
            "absolute path of a folder that is."
        ) from exc
    return folder
