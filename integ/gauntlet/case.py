"""A case of the gauntlet: a commit as a patch, and what must come of it.

Two files make one: `NN-name.patch`, as `git diff` writes it, and `NN-name.toml` beside it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """`story` says what the commit does, `gate` and `stage` what must stop it; a good release has neither. `reason`
    has to stand in the words that the report gives for the stop. `harmed_at_least` and `harmed_at_most` bound the
    requests that the new version failed in that stage: 0 and 0 where it must not have got any. `stack_status` is what
    CloudFormation leaves the stage's `stack` in, before the stage is rolled back. `set_aside_at_least` so many reports
    of the prober's cars came to wait in staging for a redrive: refused, and not lost. `customer_enters` is the model of
    a car that a customer of prod enters while prod bakes. `way_back_seconds` of AWS, at most, go by from prod's alarm
    until the old version has all traffic again.
    """

    story: str
    result: str
    approval: str = "approve"
    stage: str | None = None
    gate: str | None = None
    reason: str = ""
    stack: str = "Api"
    stack_status: str | None = None
    harmed_at_least: int = 0
    harmed_at_most: int | None = None
    set_aside_at_least: int = 0
    new_action: str | None = None
    customer_enters: str | None = None
    way_back_seconds: int | None = None


@dataclass(frozen=True)
class Case:
    name: str
    patch: Path
    expected: Expectation


def read_case(patch: Path) -> Case:
    """Raises FileNotFoundError or TypeError for a case without an expectation, or with a word too many in it."""
    return Case(patch.stem, patch, Expectation(**tomllib.loads(patch.with_suffix(".toml").read_text())))


def cases() -> list[Case]:
    """All of them, in the order of their numbers."""
    return [read_case(patch) for patch in sorted(FOLDER.glob("*.patch"))]
