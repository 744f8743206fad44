"""The patches of the gauntlet apply to the sources as they are. Not among the tests of the pipeline's own build: there,
one of them is applied already."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from integ.gauntlet.case import Case, cases

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_patch_applies(case: Case) -> None:
    applied = subprocess.run(["git", "apply", "--check", case.patch], cwd=ROOT, capture_output=True, text=True)

    assert applied.returncode == 0, applied.stderr
