"""Releases of the apps of others, each in a local AWS of its own: `make apps`. Minutes, and package registries.

Not among the tests that are found by themselves: those plan the same apps (tests/rehearsal/plan/test_cases.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.console.printer import Printer
from rehearsal.rehearsal import Rehearsal
from rehearsal.report import Report, Result
from tests.rehearsal.apps import APPS, FOLDER, make_repository

SETTINGS = {"two_regions": 'account = "222222222222"\nregion = "eu-west-1"\n'}


def release(app: Path) -> Report:
    with Printer() as printer, Rehearsal(app, listeners=[printer]) as rehearsal:
        return rehearsal.release()


@pytest.mark.parametrize("name", APPS)
def test_app_is_released(name: str, tmp_path: Path) -> None:
    app = make_repository(FOLDER / name, tmp_path / name)
    (app / "rehearsal.toml").write_text(SETTINGS.get(name, ""))

    report = release(app)

    assert report.result is Result.RELEASED
    assert report.stages[-1].actions[-1].provider == "CodeBuild", "the last action looks at what was deployed"
