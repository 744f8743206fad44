"""Releases of the apps of others, each in a local AWS of its own: `make apps`. Minutes, and package registries.

Not among the tests that are found by themselves: those plan the same apps (tests/rehearsal/plan/test_cases.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rehearsal.apps import APPS, FOLDER, make_repository

SETTINGS = {"two_regions": 'account = "222222222222"\nregion = "eu-west-1"\n'}
CHECK = """python3 -c "import os; print('checked', open(os.environ['AWS_CONFIG_FILE']).name)" """
"""Fails unless the local AWS still stands, with its profiles."""


@pytest.mark.parametrize("name", APPS)
def test_app_is_released(name: str, tmp_path: Path) -> None:
    app = make_repository(FOLDER / name, tmp_path / name)
    (app / "rehearsal.toml").write_text(SETTINGS.get(name, ""))
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "rehearsal", "run", "--project", str(app), "--approve"]

    done = subprocess.run([*command, "--report", report, "--check", CHECK], check=False)

    assert done.returncode == 0
    released = json.loads(report.read_text())
    assert released["result"] == "Released"
    assert released["stages"][-1]["actions"][-1]["provider"] == "CodeBuild", "the last one looks at what was deployed"
