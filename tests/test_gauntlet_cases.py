"""Each case of the gauntlet says what must come of it. Whether its patch applies, make test finds out."""

from __future__ import annotations

import pytest

from integ.gauntlet.case import Case, cases
from rehearsal.report import Result


def test_there_are_cases() -> None:
    assert cases()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_expectation_names_what_must_happen(case: Case) -> None:
    expected = case.expected
    assert Result(expected.result)
    if expected.result == Result.RELEASED:
        assert expected.new_action
    else:
        assert expected.stage
        assert expected.gate
