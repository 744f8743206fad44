from __future__ import annotations

import pytest

from rehearsal.codebuild.gate import gate_of_command


@pytest.mark.parametrize(
    "command",
    [
        "pytest",
        "pytest -n 2",
        ".venv/bin/pytest tests",
        "python -m pytest integ --ignore=integ/gauntlet",
        "python3.13 -m unittest discover",
        "cd service && python3 -m pytest",
        "CI=1 pytest -q | tee log",
        "uv run pytest",
        "poetry run pytest --cov",
        "coverage run -m pytest",
        "set -e\nruff check .\npytest",
        "(cd app; pytest)",
    ],
)
def test_gate_of_command_is_unit_tests_when_it_runs_them(command: str) -> None:
    assert gate_of_command(command) == "unit-tests"


@pytest.mark.parametrize(
    "command", ["cdk synth", "npx cdk synth", "npx aws-cdk@2.1 synth --quiet", "node_modules/.bin/cdk synthesize"]
)
def test_gate_of_command_is_synth_when_it_synthesizes(command: str) -> None:
    assert gate_of_command(command) == "synth"


@pytest.mark.parametrize(
    "command",
    [
        "python3 scripts/bake.py --looks 4",
        "for look in 1 2; do sleep 15 && echo || break; done | python3 -u scripts/bake.py alarm",
        "timeout 60 env A=1 python3 bake.py",
        "./bake prod",
        "bash tools/bake.sh",
    ],
)
def test_gate_of_command_is_bake_when_it_runs_one(command: str) -> None:
    assert gate_of_command(command) == "bake"


@pytest.mark.parametrize(
    "command",
    [
        "cd bake && true",
        "cat bake.json",
        "echo bake",
        "npm run bake",
        "pip install pytest",
        "python -m pip install -r requirements.txt pytest",
        "poetry install pytest",
        "echo pytest",
        "cdk deploy",
        "cdk -a . deploy Synth",
        "make test",
        "ruff check tests/test_pytest.py",
        "echo 'unclosed",
        "",
    ],
)
def test_gate_of_command_is_none_otherwise(command: str) -> None:
    assert gate_of_command(command) is None
