"""The page's files: all of them are its own, each is used, and nothing in them needs what its policy forbids."""

from __future__ import annotations

import re

import pytest

from rehearsal.page.files import CHART_FILES, STATIC

INDEX = (STATIC / "index.html").read_text()
MODULES = sorted(path.name for path in STATIC.glob("*.js"))
FILES = sorted(path.name for path in STATIC.iterdir())


def test_page_loads_every_module_at_once_and_each_is_used() -> None:
    preloaded = re.findall(r'rel="modulepreload" href="static/([\w.]+)"', INDEX)
    imported = {name for module in MODULES for name in re.findall(r'from "\./([\w.]+)"', (STATIC / module).read_text())}

    assert sorted([*preloaded, "main.js"]) == MODULES
    assert sorted({*imported, "main.js"}) == MODULES


def test_page_names_files_that_are_there() -> None:
    named = re.findall(r'(?:href|src)="(?!#)([^"]+)"', INDEX)

    assert [name for name in named if not name.startswith(("static/", "chart/"))] == []
    assert {name.removeprefix("static/") for name in named if name.startswith("static/")} <= set(FILES)
    assert {name.removeprefix("chart/") for name in named if name.startswith("chart/")} == set(CHART_FILES)


def test_page_has_no_inline_code_or_style() -> None:
    assert re.findall(r"<script(?![^>]*src=)[^>]*>|<style|\sstyle=|\son\w+=", INDEX) == []


@pytest.mark.parametrize("name", FILES)
def test_file_takes_no_html_from_text_and_asks_nobody_else(name: str) -> None:
    text = (STATIC / name).read_text()

    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser", text)
        == []
    )
    assert set(re.findall(r"https?://[\w./-]*", text)) <= {"http://www.w3.org/2000/svg"}
