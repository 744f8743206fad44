"""GitHub's workflows: actions by their digest, a token that only reads, and no word of a request inside a command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import tool_versions
from tests.synthesis import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in yaml.safe_load(workflow.read_text())["jobs"].values() for step in job["steps"]]


def test_there_is_one() -> None:
    assert [path.name for path in WORKFLOWS] == ["pull-request.yml"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_named_by_the_digest_of_a_version(workflow: Path) -> None:
    used = re.findall(r"uses: (.+)", workflow.read_text())

    assert used
    assert [name for name in used if not PINNED.fullmatch(name)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_code_of_a_request_has_a_token_that_reads_and_no_secrets(workflow: Path) -> None:
    text = workflow.read_text()
    declared = yaml.safe_load(text)

    assert list(declared[True]) == ["pull_request"]  # YAML reads `on` as true
    assert declared["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in declared["jobs"].values())
    assert "secrets." not in text
    checkouts = [step for step in steps(workflow) if "actions/checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_no_command_is_put_together_from_what_a_request_says(workflow: Path) -> None:
    commands = [step["run"] for step in steps(workflow) if "run" in step]

    assert commands
    assert [command for command in commands if "${{" in command] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_runtimes_are_those_of_the_pipelines_builds(workflow: Path) -> None:
    given = [step.get("with", {}) for step in steps(workflow)]

    assert {found["python-version"] for found in given if "python-version" in found} == {tool_versions.PYTHON}
    assert {found["node-version"] for found in given if "node-version" in found} == {tool_versions.NODE}
