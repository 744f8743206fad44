from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rehearsal.codebuild.failing_tests import FailingTests

PYTEST = """import pytest

@pytest.fixture
def bad(): raise RuntimeError("no set-up")
@pytest.fixture
def late():
    yield
    raise RuntimeError("no tear-down")
def test_ok(): pass
@pytest.mark.parametrize("x", ["a - b", "c[d] e"])
def test_many(x): assert x == "1", "because"
def test_set_up(bad): print("FAILED some/file.py::test_of_another")
class TestOfAClass:
    def test_late(self, late): pass
"""
UNITTEST = """import unittest

class First(unittest.TestCase):
    def test_one(self):
        '''It adds.'''
        self.assertEqual(1, 2)
    def test_three(self):
        for i in range(2):
            with self.subTest('turn', i=i): self.assertTrue(i)
class Second(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError("no")
    def test_x(self): pass
"""
FOUR = (
    "test_a.py::test_many[a - b] - AssertionError: because; test_a.py::test_many[c[d] e] - AssertionError: because; "
    "test_a.py::test_set_up - RuntimeError: no set-up; and 1 more"
)
WITHOUT_WORDS = "test_a.py::test_many[a - b]; test_a.py::test_many[c[d] e]; test_a.py::test_set_up; and 1 more"
HEADINGS = "test_set_up; TestOfAClass.test_late; test_many[a - b]; and 1 more"
JEST = """FAIL src/car.test.js
  ● car > drives

  ✕ drives (3 ms)

Tests:       1 failed, 1 passed, 2 total
FAILED src/car.test.js"""
MOCHA = """  1 failing

  1) car
       drives:
      AssertionError: expected 1 to equal 2"""
NUNIT = """Failed Drives [3 ms]
ERROR: make failed (see above)
ERROR    root:car.py:3 test_a.py::test_x"""


def words_of(output: str) -> str:
    tests = FailingTests()
    for line in output.split("\n"):
        tests.hear(line)
    return tests.words


def said_by(folder: Path, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI"))}
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode != 0
    return ran.stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--color=yes",), FOUR),
        (("-q", "--tb=no"), FOUR),
        (("-v", "-s"), FOUR),
        (("-v", "--no-summary"), WITHOUT_WORDS),
        (("-rN",), HEADINGS),
        (("-x",), "test_a.py::test_many[a - b] - AssertionError: because"),
    ],
    ids=str,
)
def test_tests_that_pytest_says_to_have_failed_are_named(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    (tmp_path / "test_a.py").write_text(PYTEST)
    assert words_of(said_by(tmp_path, "pytest", "-p", "no:cacheprovider", *options)) == told


@pytest.mark.parametrize("options", [("-n2",), ("-n2", "-v"), ("-n2", "-v", "--no-summary")], ids=str)
def test_tests_are_named_whichever_of_several_processes_ran_them(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "test_a.py").write_text(PYTEST)

    told = words_of(said_by(tmp_path, "pytest", "-p", "no:cacheprovider", "-p", "xdist", *options))

    names = ("test_many[a - b]", "test_many[c[d] e]", "test_set_up", "TestOfAClass::test_late")
    assert sum(f"test_a.py::{name}" in told for name in names) == 3
    assert told.endswith("; and 1 more")


def test_file_that_pytest_cannot_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_b.py").write_text("import nothing_here\n")
    assert words_of(said_by(tmp_path, "pytest", "-p", "no:cacheprovider")) == "test_b.py"
    assert words_of(said_by(tmp_path, "pytest", "-p", "no:cacheprovider", "-rN")) == "test_b.py"


@pytest.mark.parametrize("options", [(), ("-v",)], ids=str)
def test_tests_that_unittest_says_to_have_failed_are_named(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "test_u.py").write_text(UNITTEST)
    (tmp_path / "test_z.py").write_text("import nothing_here\n")

    told = words_of(said_by(tmp_path, "unittest", *options))

    several = (
        *("test_one (test_u.First.test_one)", "test_three (test_u.First.test_three) [turn] (i=0)"),
        *("setUpClass (test_u.Second)", "test_z (unittest.loader._FailedTest.test_z)"),
    )
    assert sum(name in told for name in several) == 3
    assert told.endswith("; and 1 more")


def test_output_before_and_behind_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(PYTEST)
    said = said_by(tmp_path, "pytest", "-p", "no:cacheprovider")
    assert words_of(f"{JEST}\n{said}\n{NUNIT}\n{said}") == FOUR


@pytest.mark.parametrize("output", [JEST, MOCHA, NUNIT, "", "1 failed, 2 passed"])
def test_what_others_say_names_no_test(output: str) -> None:
    assert words_of(output) == ""


def test_long_line_does_not_hold_up_the_build() -> None:
    began = time.monotonic()

    FailingTests().hear("std::" * 100_000)

    assert time.monotonic() - began < 2
