"""The gauntlet's cases fit the sources: each patch applies, and each expectation can be read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from integ.gauntlet.case import Case, cases
from pipeline.local.report import Result

ROOT = Path(__file__).parent.parent


def test_there_are_cases() -> None:
    assert cases()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_patch_applies(case: Case) -> None:
    applied = subprocess.run(["git", "apply", "--check", case.patch], cwd=ROOT, capture_output=True, text=True)
    assert applied.returncode == 0, applied.stderr


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_expectation_names_what_must_happen(case: Case) -> None:
    expected = case.expected
    assert Result(expected.result)
    if expected.result == Result.RELEASED:
        assert expected.new_action
    else:
        assert expected.stage
        assert expected.gate
