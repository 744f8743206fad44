"""Reads what functions under test write down, while they write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def entries(journal: Path) -> list[Any]:
    """The JSON documents in a file, one a line. A line without its end is still being written: a reader can see the
    part of a write that filled the page before."""
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_text().splitlines(keepends=True) if line.endswith("\n")]
