"""A canary is watched until its alarm stops it: its plots, and the same as a table."""

from __future__ import annotations

from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.story import (
    BEGINNING,
    begun,
    canary,
    good_release,
    passed,
    stage_started,
    started,
    stopped_canary,
)

# The pixels of a plot that are not empty, by its title.
_INKED = """
return Object.fromEntries([...document.querySelectorAll(".canary figure")].map((figure) => {
  const canvas = figure.querySelector("canvas") ?? new OffscreenCanvas(1, 1);
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return [figure.innerText.split("\\n")[0], pixels.filter((alpha, at) => at % 4 === 3 && alpha > 0).length];
}));
"""


def test_stopped_canary_is_shown_with_its_plots_its_alarm_and_where_it_went_back(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *good_release(1), *stopped_canary(2, back_to=1)])
    browser.open(site.url)

    card = browser.wait_text(".canary", "canary-alarm")

    assert "version 3 → 4" in card
    assert "back on version 3" in card
    assert "54 calls, 10 errors" in card
    assert "4 errors where chance explains 1" in card
    assert "BeforeAllowTraffic" in card
    browser.script("document.querySelector('.canary').scrollIntoView()")
    inked = browser.until(lambda: (now := browser.script(_INKED)) and all(now.values()) and now, "plots")
    assert sorted(inked) == [
        "Calls a minute",
        "Errors, % of calls",
        "Staging-Api-NewVersionErrors",
        "Traffic on the new version, %",
    ]
    assert all(count > 500 for count in inked.values()), inked
    failed = next(row for row in browser.texts("#history-table tbody tr") if "Failed" in row)
    assert "Staging was rolled back to 1111111" in failed
    assert "Staging-Api-NewVersionErrors" in browser.text("#alarm-list")


def test_plots_have_the_same_data_as_a_table(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *good_release(1), *stopped_canary(2, back_to=1)])
    browser.open(site.url)

    browser.one(".canary .folded summary").click()

    head = browser.until(lambda: browser.texts(".canary thead th"), "the table")
    rows = browser.script(
        "return [...document.querySelectorAll('.canary tbody tr')].map((r) => [...r.cells].map((c) => c.innerText))"
    )
    assert head == [
        "AWS minute", "Weight", "Old: calls", "Old: errors", "New: calls", "New: errors",
        "Staging-Api-NewVersionErrors", "Verdict",
    ]  # fmt: skip
    assert rows == [
        ["-0", "", "", "", "", "", "", "BeforeAllowTraffic: Succeeded"],
        ["1", "10 %", "54", "0", "6", "0", "-1.5", ""],
        ["2", "10 %", "54", "0", "6", "0", "-1.5", ""],
        ["3", "20 %", "48", "0", "12", "0", "-1.5", ""],
        ["4", "20 %", "48", "0", "12", "4 (33.3 %)", "2.5, ALARM", ""],
        ["4", "", "", "", "", "", "", "Staging-Api-NewVersionErrors: Failed"],
        ["5", "30 %", "42", "0", "18", "6 (33.3 %)", "4.5, ALARM", ""],
    ]


def test_canary_that_runs_grows_under_the_eyes(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *begun(1), *passed(1, "Source"), *passed(1, "Build")])
    browser.open(site.url)
    assert browser.text("#canaries-none") == "No traffic has been shifted yet."

    events = list(canary(1, minutes=4, failing_from=9))
    site.tell_all([stage_started(1, "Staging"), started(1, "Staging", "Api.Deploy"), *events[:6]])
    browser.wait_text(".canary", "10 % on version 4")
    browser.script("document.querySelector('.canary').scrollIntoView()")
    before = browser.until(lambda: (now := browser.script(_INKED)) and any(now.values()) and now, "plots")
    site.tell_all(events[6:])

    assert "36 calls, 0 errors" in browser.wait_text(".canary", "20 % on version 4")
    browser.until(lambda: browser.script(_INKED) != before, "plots that have grown")
