"""Paths of this repository that README.md and docs/ name are there, and so are the options of the tool."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rehearsal.cli import main
from tests.synthesis import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
# Of the top level, and made by the commands.
MADE = {".venv", "node_modules", "cdk.out", "build", "rehearsal.egg-info"}
TOP = {path.name for path in ROOT.iterdir()} - MADE
PATH = re.compile(r"(?:\.?[\w*][\w.*-]*/)+[\w.*-]*|[\w*]+\.(?:py|toml|md)|[Mm]akefile|requirements[\w.-]*")


def inline_code(text: str) -> list[str]:
    without_blocks = re.sub(r"(?ms)^```.*?^```", "", text)
    return re.findall(r"(?<!`)`([^`]+)`(?!`)", without_blocks)


def paths_of(page: Path) -> set[str]:
    """What reads as a path of the repository: with UNIT in it, it is of a unit to come (developing.md)."""
    words = {word for code in inline_code(page.read_text()) for word in code.split()}
    return {
        word
        for word in words
        if PATH.fullmatch(word) and "UNIT" not in word and ("/" not in word or word.split("/", 1)[0] in TOP)
    }


def is_there(path: str, page: Path) -> bool:
    """From the top, or from the page; a bare name may stand in any folder."""
    places = [ROOT.glob(path), page.parent.glob(path)]
    if "/" not in path:
        places += [(ROOT / folder).rglob(path) for folder in TOP if not folder.startswith(".")]
    return any(True for place in places for _ in place)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_that_a_page_names_are_there(page: Path) -> None:
    missing = [path for path in sorted(paths_of(page)) if not is_there(path, page)]

    assert missing == []


def test_paths_are_found_where_pages_name_them() -> None:
    named = set().union(*(paths_of(page) for page in PAGES))

    assert {"service/release/alarms.py", "config.py", "integ/", "rehearsal/aws/iam/policies.py"} <= named


@pytest.mark.parametrize("command", ["run", "plan"])
def test_options_of_the_tool_are_those_of_its_page(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    # given
    page = (ROOT / "docs" / "rehearsal.md").read_text()
    table = page.split("\n## Options\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in table.splitlines() if line.startswith("| `--")]
    named = set(
        re.findall(r"--[a-z]+", " ".join(row.split("|")[1] for row in (rows if command == "run" else rows[:3])))
    )

    # when
    with pytest.raises(SystemExit):
        main([command, "--help"])

    # then
    assert named == set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}


def test_options_of_up_are_those_of_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "rehearsal.md").read_text()
    own = page.split("\n## Every commit, and a page to see it on\n", 1)[1].split("\n|", 1)[0]
    shared = page.split("`rehearse plan` takes", 1)[1].split("\n\n", 1)[0]
    first = {"--project", "--pipeline", "--account", "--region"}

    with pytest.raises(SystemExit):
        main(["up", "--help"])

    named = set(re.findall(r"--[a-z-]+[a-z]", own + shared)) | first
    assert named == set(re.findall(r"--[a-z-]+[a-z]", capsys.readouterr().out)) - {"--help"}


@pytest.mark.parametrize("command", ["status", "approve", "reject", "stop", "logs"])
def test_options_of_the_commands_to_up_are_those_of_its_page(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "rehearsal.md").read_text()
    name = "approve" if command == "reject" else command
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `rehearse {name}"))

    with pytest.raises(SystemExit):
        main([command, "--help"])

    assert set(re.findall(r"--[a-z]+", row)) == set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {
        "--help",
        "--project",
    }


def test_exit_codes_of_the_tool_are_those_of_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "rehearsal.md").read_text()
    table = page.split("\n## Exit codes\n", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"\d+", " ".join(re.findall(r"^\| (\d[\d, ]*) \|", table, re.MULTILINE))))

    with pytest.raises(SystemExit):
        main(["--help"])

    epilog = capsys.readouterr().out.rsplit("exit codes:", 1)[1]
    assert named == set(re.findall(r"\d+", epilog))


def test_page_of_the_tool_can_be_read_in_one_sitting() -> None:
    assert len((ROOT / "docs" / "rehearsal.md").read_text().splitlines()) <= 220
