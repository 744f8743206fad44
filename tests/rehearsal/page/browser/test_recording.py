"""A real run of this project's own pipeline, as it was recorded: a first release, then one that its canary stops."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import tests.rehearsal.page
from rehearsal.run_events import ApprovalRequested, RunEvent, StageRolledBack
from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.parts import stages, wait_stage
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.recording import read_recording

RECORDING = Path(tests.rehearsal.page.__file__).with_name("recordings") / "canary.jsonl"


def _recorded() -> list[RunEvent]:
    return list(read_recording(RECORDING))


def test_recorded_release_is_watched_up_to_its_question_and_on(browser: Browser, site: Site) -> None:
    events = _recorded()
    before = list(takewhile(lambda event: not isinstance(event, ApprovalRequested), events))
    for event in before:
        site.tell(event)
    browser.open(site.url)
    assert "Succeeded" in stages(browser)["Staging"]
    assert "Not started" in stages(browser)["Prod"]

    site.tell(events[len(before)])
    assert "Staging: EndToEnd" in browser.wait_text(".approval", "Release to Prod?")
    rolled_back = next(at for at, event in enumerate(events) if isinstance(event, StageRolledBack))
    for event in events[len(before) + 1 : rolled_back + 1]:
        site.tell(event)

    wait_stage(browser, "Prod", "Succeeded")
    assert "rollback to" in wait_stage(browser, "Staging", "rollback to")


def test_recorded_canary_is_stopped_with_its_alarm(browser: Browser, site: Site) -> None:
    for event in _recorded():
        site.tell(event)

    browser.open(site.url)

    card = browser.wait_text(".canary[data-status=Stopped]", "canary-alarm")
    assert "back on version" in card
    assert "BeforeAllowTraffic" in card
    failed = next(row for row in browser.texts("#history-table tbody tr") if row.startswith("Failed"))
    assert "Staging was rolled back to" in failed
