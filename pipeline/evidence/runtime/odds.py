"""Reads what the Build wrote of the canaries' odds: how often each stops a healthy release, how small a fault it sees.

They are of the templates that are released, computed where the promises of the configuration are held against them. It
must not compute any.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.evidence.runtime.model import Odds

FILE = "canary-odds.json"
"""In the folder of the Build's reports."""

SCHEMA = 1
_MAY_BE_NONE = ("smallest_seen_percent", "alarm_minutes")


def read_odds(folder: Path, stacks: Iterable[str]) -> tuple[tuple[Odds, ...], str]:
    """Those of the canaried `stacks`, in their order; and why those of some are not known, "" where all are."""
    wanted = list(dict.fromkeys(stacks))
    if not wanted:
        return (), ""
    try:
        document: dict[str, Any] = json.loads((folder / FILE).read_text())
        if document["schema"] != SCHEMA:
            return (), f"{FILE} has the schema {document['schema']}, and {SCHEMA} is read here."
        known = {one["stack"]: _odds(one) for one in document["odds"]}
    except FileNotFoundError:
        return (), "The Build has handed none over."
    except (OSError, ValueError, KeyError, TypeError) as exc:
        return (), f"{FILE} cannot be read: {exc!r}."
    missing = [stack for stack in wanted if stack not in known]
    reason = f"The Build has none of {', '.join(missing)}." if missing else ""
    return tuple(known[stack] for stack in wanted if stack in known), reason


def _odds(told: dict[str, Any]) -> Odds:
    """Raises TypeError where it is something else: the page writes numbers, and would fail at what is none."""
    for name, value in told.items():
        if name == "stack" or (value is None and name in _MAY_BE_NONE):
            continue
        if not isinstance(value, int | float):
            raise TypeError(f"{name} is {value!r}")
    return Odds(**told)
