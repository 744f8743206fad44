"""`python -m bench.page`: how soon the page of `rehearse up` is there, and how long it blocks, with much to show.

Never a test. It needs Chromium and its driver; docs/developing.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from statistics import median

from bench.terminal import load, positive, raise_on_signals, say
from rehearsal.errors import RehearsalError
from rehearsal.machine.user_cache import user_cache
from rehearsal.page.chart import chart_folder
from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.chromium import NoBrowser
from tests.rehearsal.page.browser.parts import open_log
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.browser.watching import Measured, measured, watched
from tests.rehearsal.page.long_history import LOG_BYTES, long_history, long_output
from tests.rehearsal.page.story import BEGINNING, building

EVENTS = 10_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.page", description="Measures the page in Chromium.")
    parser.add_argument("--repeat", type=positive, default=5, metavar="N", help="medians of so many (default: 5)")
    repeat = parser.parse_args().repeat
    raise_on_signals()
    say(f"load before: {load()}")
    try:
        rows = [(what, [measure() for _ in range(repeat)]) for what, measure in CASES.items()]
    except (NoBrowser, RehearsalError) as exc:
        sys.stderr.write(f"bench: {exc}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    say(f"load after: {load()}")
    for what, found in rows:
        sys.stdout.write(f"{what}: {_medians(found)}\n")
    return 0


def _medians(found: list[Measured]) -> Measured:
    return Measured(*(median(getattr(one, field.name) for one in found) for field in fields(Measured)))


@contextmanager
def _opened() -> Iterator[tuple[Browser, Site]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Site(Path(folder), chart_folder(user_cache())) as site,
        watched() as browser,
    ):
        yield browser, site


def _history() -> Measured:
    with _opened() as (browser, site):
        site.tell_all([*BEGINNING, *long_history(EVENTS)])
        browser.open(site.url)
        return measured(browser)


def _log() -> Measured:
    """Half of the log is there, the rest comes."""
    lines = list(long_output(LOG_BYTES))
    half = len(lines) // 2
    with _opened() as (browser, site):
        for event in (*BEGINNING, *building(1), *lines[:half]):
            site.tell(event)
        browser.open(site.url)
        open_log(browser, "Synth")
        for line in lines[half:]:
            site.tell(line)
        browser.wait_text("#log .log-lines", lines[-1].line)
        return measured(browser)


CASES: dict[str, Callable[[], Measured]] = {
    f"A history of {EVENTS:,} events": _history,
    f"A log of {LOG_BYTES / 1e6:.0f} MB that grows": _log,
}


if __name__ == "__main__":
    sys.exit(main())
