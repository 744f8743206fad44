"""Reads what pytest wrote of a test run (`--junitxml`). It must not run tests, nor judge what is missing.

Source: pytest's documentation, "Creating JUnitXML format files".
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from pipeline.evidence.runtime.model import JunitReport

_NAMED = 20


def read_tests(name: str, folder: Path) -> JunitReport:
    """The sum of every report in the folder; a JunitReport with a reason when there is none, or one cannot be read."""
    files = sorted(folder.glob("*.xml")) if folder.is_dir() else []
    if not files:
        return _unknown(name, "The build that ran them has handed no report over.")
    tests = failures = skipped = 0
    seconds = 0.0
    failed: list[str] = []
    for file in files:
        try:
            # A build of this very commit wrote it, and what it could do here it can do in its own commands.
            suites = list(ElementTree.parse(file).getroot().iter("testsuite"))  # noqa: S314
        except (ElementTree.ParseError, OSError) as exc:
            return _unknown(name, f"Their report {file.name} cannot be read: {exc}.")
        for suite in suites:
            tests += int(suite.get("tests", 0))
            failures += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
            seconds += float(suite.get("time", 0))
            failed += [
                f"{case.get('classname')}.{case.get('name')}"
                for case in suite.iter("testcase")
                if case.find("failure") is not None or case.find("error") is not None
            ]
    if not tests:
        return _unknown(name, "Their report has no test in it.")
    return JunitReport(name, None, tests, failures, skipped, round(seconds, 1), tuple(failed[:_NAMED]))


def _unknown(name: str, reason: str) -> JunitReport:
    return JunitReport(name, reason, 0, 0, 0, 0.0, ())
