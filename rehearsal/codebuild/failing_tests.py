"""Which tests of pytest or unittest failed, from what a command said, and in the runner's own words.

It must not know how the tests were started: a Makefile may have, or a script. Output of other runners names none here.
Source: pytest documentation, "Producing a detailed summary report"; Python documentation, "unittest".
"""

from __future__ import annotations

import re

SHOWN = 3
"""How many are named; the others are counted."""

SHOWN_CHARACTERS = 200
"""Of each: pytest does not cut off what it says where it finds CI in the environment."""

_LONGEST_LINE = 2000  # none of a test runner's is longer, and looking through one takes its square
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_SUMMARY = re.compile(r"=+ short test summary info =+")
_IN_SUMMARY = re.compile(r"(?:FAILED|ERROR) (\S.*)")
_PROGRESS = re.compile(r"(\S+::.+) (?:FAILED|ERROR)(?: +\[ *\d+%\])?")
_PROGRESS_OF_XDIST = re.compile(r"\[gw\d+\] \[ *\d+%\] (?:FAILED|ERROR) (\S+::.+)")
_HEADING = re.compile(r"_{3,} (?:ERROR (?:at (?:setup|teardown) of|collecting) )?(\S.*?) _{3,}")
_FAILURES = re.compile(r"=+ (?:FAILURES|ERRORS) =+")
_RULE = re.compile(r"=+")
_OF_UNITTEST = re.compile(r"(?:FAIL|ERROR): (\S+ \([\w.<>]+\).*)")


class FailingTests:
    """Hears the lines of one command."""

    def __init__(self) -> None:
        self._told: list[str] = []  # as a summary of pytest or a heading of unittest has them
        self._progress: list[str] = []  # of pytest -v, whose summary may be switched off
        self._headings: list[str] = []
        self._is_summary = self._is_failures = self._is_after_rule = False

    def hear(self, line: str) -> None:
        text = _COLOUR.sub("", line[:_LONGEST_LINE]).strip()
        if _SUMMARY.fullmatch(text):
            self._is_summary = True
        elif _FAILURES.fullmatch(text):
            self._is_failures = True
        elif found := self._told_in(text):
            self._told.append(found[1])
        elif found := _PROGRESS.fullmatch(text) or _PROGRESS_OF_XDIST.fullmatch(text):
            self._progress.append(found[1])
        elif self._is_failures and (found := _HEADING.fullmatch(text)):
            self._headings.append(found[1])
        self._is_after_rule = _RULE.fullmatch(text) is not None

    def _told_in(self, text: str) -> re.Match[str] | None:
        told = _OF_UNITTEST.fullmatch(text) if self._is_after_rule else None
        return told or (_IN_SUMMARY.fullmatch(text) if self._is_summary else None)

    @property
    def words(self) -> str:
        """The first few, as "a.py::test_a - assert 1 == 2; a.py::test_b; …; and 3 more"; "" when none is known."""
        names = list(dict.fromkeys(self._told or self._progress or self._headings))
        shown = "; ".join(name[:SHOWN_CHARACTERS] for name in names[:SHOWN])
        more = len(names) - SHOWN
        return f"{shown}; and {more} more" if more > 0 else shown
