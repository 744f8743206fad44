"""Brings the library that draws the page's charts (uPlot), as package-lock.json pins it, from npm's registry, once.

It must not run it: browsers do.
"""

from __future__ import annotations

from pathlib import Path

from rehearsal.machine.npm import Install, fetch_packages, kept_packages, npm_install

LOCK = Path(__file__).with_name("package-lock.json")
_DIST = Path("uplot", "dist")
_INSTALL = npm_install(
    "The library that draws the page's charts", "The first `rehearse up` needs npm's registry; later ones do not."
)


def chart_folder(cache: Path, *, install: Install = _INSTALL) -> Path:
    """The folder with its files, kept in `cache`. Raises EngineError with npm's words, BadInput without Node.js."""
    kept = cache / "page"
    if not kept_packages(LOCK, kept).is_dir():
        fetch_packages(LOCK, kept, install)
    return kept_packages(LOCK, kept) / _DIST
