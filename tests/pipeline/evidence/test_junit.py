"""Test reports as pytest writes them, and what there is to say where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.evidence.runtime.junit import read_tests

TESTS = """
import pytest
def test_good(): pass
def test_bad(): assert 0
@pytest.mark.skip
def test_later(): pass
@pytest.fixture
def broken(): raise ValueError
def test_errored(broken): pass
"""


def test_report_that_pytest_writes_is_counted_and_names_what_failed(tmp_path: Path) -> None:
    (tmp_path / "test_all.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=reports/unit.xml"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)

    found = read_tests("Unit tests", tmp_path / "reports")

    assert (found.reason, found.tests, found.failures, found.skipped) == (None, 4, 2, 1)
    assert found.failed == ("test_all.test_bad", "test_all.test_errored")


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "no report"), ("<testsuites", "cannot be read"), ("<testsuites></testsuites>", "no test in it")],
)
def test_missing_broken_and_empty_report_are_not_known_rather_than_passed(
    tmp_path: Path, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / "unit.xml").write_text(text)
    found = read_tests("Unit tests", tmp_path)
    assert words in str(found.reason)
