"""One local AWS for the whole gauntlet: HEAD is released into it first, then every case on top of HEAD.

At the end a table says what stopped each case, and how many requests were harmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integ.gauntlet.world import leftovers_of
from rehearsal.console.printer import Printer
from rehearsal.rehearsal import Rehearsal
from rehearsal.report import Report, Result

PROJECT = Path(__file__).resolve().parents[2]
ROWS = pytest.StashKey[list[tuple[str, ...]]]()
HEADINGS = ("release", "result", "stopped by", "in", "harmed by the new version", "requests", "seconds")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


@pytest.fixture(scope="session")
def rehearsal() -> Iterator[Rehearsal]:
    """A world in which HEAD is in staging and prod, and left nothing; `pytest -s` shows its progress."""
    with Printer() as printer, Rehearsal(PROJECT, listeners=[printer]) as running:
        report = running.release()
        if report.result is not Result.RELEASED:
            pytest.exit(f"HEAD itself is not released, so nothing can be said of bad releases: {report.stopped_by}", 1)
        if left := leftovers_of(running):
            pytest.exit(f"HEAD was released, and has left behind: {'; '.join(left)}", 1)
        yield running


@pytest.fixture
def tabulate(request: pytest.FixtureRequest) -> Callable[[str, Report], None]:
    """Adds a report to the table at the end."""

    def add(name: str, report: Report) -> None:
        stopped = report.stopped_by
        traffic = report.traffic.get(stopped.stage if stopped else "Prod")
        request.config.stash[ROWS].append(
            (
                name,
                str(report.result.value),
                stopped.gate if stopped else "-",
                stopped.stage if stopped else "-",
                str(traffic.failed_new_version if traffic else 0),
                str(traffic.requests if traffic else 0),
                f"{report.seconds:.0f}",
            )
        )

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = [HEADINGS, *config.stash[ROWS]]
    if len(rows) == 1:
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    terminalreporter.section("gauntlet")
    for row in rows:
        terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
