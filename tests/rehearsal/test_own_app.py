"""docs/rehearsal.md says what the tool does: its options, its settings, its gates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from rehearsal.cli import main
from rehearsal.codepipeline.gate import Gate
from rehearsal.source.settings import SETTINGS_FILE, Settings, read_settings

PAGE = (Path(__file__).parents[2] / "docs" / "rehearsal.md").read_text()
SHARED = ("--project", "--pipeline", "--account", "--region")


def section(title: str) -> str:
    """The text below a heading, to the next one of its level or above."""
    heading = re.search(rf"^(#+) {re.escape(title)}$", PAGE, re.MULTILINE)
    assert heading is not None, f"there is no heading {title}"
    rest = PAGE[heading.end() :]
    level = len(heading.group(1))
    end = re.search(rf"^#{{1,{level}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def first_cells(table: str) -> Iterator[str]:
    for row in re.findall(r"^\| (.*?) \|", table, re.MULTILINE):
        yield from re.findall(r"`([^`]+)`", row)


def options_of(command: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return set(re.findall(r"(?<![\w-])--[a-z]+", capsys.readouterr().out)) - {"--help"}


def test_options_on_the_page_are_those_of_the_tool(capsys: pytest.CaptureFixture[str]) -> None:
    named = [cell.split()[0] for cell in first_cells(section("Options")) if cell.startswith("--")]

    assert set(named) == options_of("run", capsys)
    assert tuple(named[: len(SHARED)]) == SHARED
    assert options_of("plan", capsys) == set(SHARED)


def test_settings_on_the_page_are_read_and_are_all_that_there_are(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", section("Settings"), re.DOTALL)
    (tmp_path / SETTINGS_FILE).write_text(example)

    settings = read_settings(tmp_path)

    unset = Settings()
    assert [item.name for item in fields(Settings) if getattr(settings, item.name) == getattr(unset, item.name)] == []


def test_defaults_on_the_page_are_those_of_the_settings() -> None:
    for value in Settings().place:
        assert value in section("Settings")
        assert value in section("Options")


def test_gates_on_the_page_are_those_of_the_report() -> None:
    gates = [cell for cell in first_cells(section("How to read a stop")) if " " not in cell]

    assert sorted(gates) == sorted(Gate)
