"""Titles of problems are the same whatever Python makes them: they are part of the API's template, too."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

from service.api.runtime.problems import TITLES

ROOT = Path(__file__).parents[4]
SOURCES = [*(ROOT / "service").rglob("*.py"), *(ROOT / "pipeline").rglob("*.py"), ROOT / "app.py", ROOT / "config.py"]
ANSWERED_BY_THE_FUNCTION = [ROOT / "service/api/runtime", ROOT / "service/cars"]


def test_every_status_of_a_problem_has_a_title() -> None:
    named = {
        HTTPStatus[name]
        for folder in ANSWERED_BY_THE_FUNCTION
        for file in folder.rglob("*.py")
        for name in re.findall(r"\bHTTPStatus\.([A-Z]\w+)", file.read_text())
    }

    assert HTTPStatus.UNPROCESSABLE_ENTITY in named
    assert {status for status in named if status >= 400} <= set(TITLES)


def test_titles_that_pythons_differ_in_are_those_of_rfc_9110() -> None:
    assert TITLES[HTTPStatus.REQUEST_ENTITY_TOO_LARGE] == "Content Too Large"
    assert TITLES[HTTPStatus.UNPROCESSABLE_ENTITY] == "Unprocessable Content"


def test_nothing_that_is_released_takes_a_text_of_pythons_own() -> None:
    """Whichever Python runs this test: 3.13 calls 413, 414, 416 and 422 by other names than 3.12."""
    assert [file.name for file in SOURCES if re.search(r"\.phrase\b", _code(file))] == []


def _code(file: Path) -> str:
    """Without what is said about it."""
    return re.sub(r'""".*?"""|#.*', "", file.read_text(), flags=re.DOTALL)
