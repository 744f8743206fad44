"""A long history and a long log stay smooth. What is measured is printed; `python -m bench.page` has exact figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.chromium import NoBrowser
from tests.rehearsal.page.browser.parts import open_log
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.browser.watching import measured, watched
from tests.rehearsal.page.long_history import LOG_BYTES, long_history, long_output
from tests.rehearsal.page.story import BEGINNING, building

FIRST_PAINT_MILLISECONDS = 3_000  # a second is promised; other work may share this machine
LONGEST_TASK_MILLISECONDS = 100
MOST_ELEMENTS = 50


@pytest.fixture
def browser() -> Iterator[Browser]:
    try:
        with watched() as opened:
            yield opened
    except NoBrowser as exc:
        pytest.fail(str(exc), pytrace=False)


def test_ten_thousand_events_are_painted_soon_and_block_nothing(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *long_history(10_000)])

    browser.open(site.url)

    found = measured(browser)
    sys.stdout.write(f"\n10,000 events: {found}\n")
    assert found.first_paint < FIRST_PAINT_MILLISECONDS
    assert found.longest_task < LONGEST_TASK_MILLISECONDS


def test_long_log_that_grows_blocks_nothing_and_is_no_long_document(browser: Browser, site: Site) -> None:
    lines = list(long_output(LOG_BYTES))
    half = len(lines) // 2
    for event in (*BEGINNING, *building(1), *lines[:half]):
        site.tell(event)
    browser.open(site.url)

    open_log(browser, "Synth")
    for line in lines[half:]:
        site.tell(line)
    browser.wait_text("#log .log-lines", lines[-1].line)

    found = measured(browser)
    elements = len(browser.all("#log *"))
    sys.stdout.write(f"\n{LOG_BYTES / 1e6:.0f} MB of log: {found}, {elements} elements\n")
    assert found.longest_task < LONGEST_TASK_MILLISECONDS
    assert elements < MOST_ELEMENTS
