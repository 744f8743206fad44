"""The page can be read and used by everybody: by keyboard, on a phone, in the dark, with a screen reader."""

from __future__ import annotations

from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from rehearsal.run_events import CommitRefused, Notice
from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.story import (
    BEGINNING,
    asking_release,
    building,
    commit_id,
    good_release,
    stopped_canary,
)

_LONG = "a-very-long-name-without-any-place-to-break-it/" * 6
# What reaches over the right edge, but for what is cut or scrolls by itself.
_TOO_WIDE = """
const edge = document.documentElement.clientWidth + 0.5;
return [...document.querySelectorAll("body *")]
  .filter((node) => node.getBoundingClientRect().right > edge)
  .filter((node) => !node.closest(".table-box, .plot, .log-box, .visually-hidden, .commit-title, thead"))
  .map((node) => `${node.tagName}.${node.className}: ${node.innerText.slice(0, 50)}`);
"""
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def _tell_all_there_is(site: Site) -> None:
    site.tell_all([*BEGINNING, *good_release(1), *stopped_canary(2, back_to=1), *asking_release(3), *building(4)])
    site.tell_all([CommitRefused(commit=commit_id(5), title=_LONG, reason=_LONG), Notice(text=_LONG, detail=_LONG)])


def _violations(browser: Browser, axe: str) -> list[Any]:
    browser.script(axe)
    found = browser.driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, {runOnly: arguments[0]}).then(({violations}) => done(violations))",
        _RULES,
    )
    return [(item["id"], [(node["html"][:150], node["failureSummary"]) for node in item["nodes"]]) for item in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_axe_finds_nothing(browser: Browser, site: Site, axe: str, scheme: str, width: int) -> None:
    browser.show(width=width, scheme=scheme, is_still=True)
    _tell_all_there_is(site)
    browser.open(site.url)
    for summary in browser.all(".stage:has(details:not([open])) summary"):
        summary.click()
    browser.one(".canary .folded summary").click()
    browser.one(".action-row:not([disabled])").click()
    browser.wait_text("#log .log-tools", "ended")

    assert _violations(browser, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_confirmation(browser: Browser, site: Site, axe: str, scheme: str) -> None:
    browser.show(scheme=scheme, is_still=True)
    _tell_all_there_is(site)
    browser.open(site.url)
    browser.button("Roll back stage Staging").click()

    assert _violations(browser, axe) == []


def test_colours_are_those_of_the_scheme(browser: Browser, site: Site) -> None:
    site.tell_all(BEGINNING)
    shades = {}
    for scheme in ("light", "dark"):
        browser.show(scheme=scheme)
        browser.open(site.url)
        shades[scheme] = browser.script("return getComputedStyle(document.body).backgroundColor")

    assert shades == {"light": "rgb(244, 246, 248)", "dark": "rgb(14, 19, 26)"}


@pytest.mark.parametrize("width", [320, 360, 800, 1440, 2560])
def test_nothing_scrolls_sideways(browser: Browser, site: Site, width: int) -> None:
    browser.show(width=width)
    _tell_all_there_is(site)
    browser.open(site.url)
    for summary in browser.all(".stage:has(details:not([open])) summary"):
        summary.click()

    assert browser.script(_TOO_WIDE) == []
    assert browser.script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_release_is_approved_by_keyboard_alone(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *asking_release(1)])
    browser.open(site.url)
    assert browser.tab().text == "Skip to what happens"
    browser.press(Keys.ENTER)
    names = []
    while "Approve the release of 1111111 to Prod" not in names:
        names.append(browser.tab().accessible_name)
        assert len(names) < 10, names
    browser.press(Keys.ENTER)
    browser.one("dialog")
    assert browser.focused.tag_name == "textarea"

    browser.press("fine")
    while browser.tab().text != "Approve":
        pass
    browser.press(Keys.ENTER)

    browser.until(lambda: site.said, "the answer")
    assert "summary='fine'" in site.said[0]


def test_keyboard_goes_through_the_whole_page_and_out_again(browser: Browser, site: Site) -> None:
    _tell_all_there_is(site)
    browser.open(site.url)
    places: list[float] = []
    outlines = []
    seen: set[str] = set()

    while (focused := browser.tab()).tag_name != "body" and focused.id not in seen and len(seen) < 200:
        seen.add(focused.id)
        places.append(browser.script("return arguments[0].getBoundingClientRect().top + scrollY", focused))
        outlines.append(browser.script("return getComputedStyle(arguments[0]).outlineStyle", focused))

    assert 20 < len(seen) < 200
    assert set(outlines) == {"solid"}
    assert places[-1] > places[1] + 500


def test_landmarks_and_headings_name_what_is_there(browser: Browser, site: Site) -> None:
    _tell_all_there_is(site)
    browser.open(site.url)

    headings = [h.text for h in browser.all("h1, h2") if h.is_displayed()]

    assert headings == [
        "car-manager", "Waiting for you", "Pipeline", "Traffic shifts", "Executions", "Alarms that are not OK",
        "Messages",
    ]  # fmt: skip
    assert [len(browser.all(landmark)) for landmark in ("main", "header", "[role=status]", "[role=alert]")] == [
        1,
        1,
        2,
        1,
    ]
    assert browser.all("[aria-current=step] h3")
    assert browser.all(".running [aria-current=true]")


def test_screen_reader_hears_what_is_new_and_not_the_history(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *good_release(1)])
    browser.open(site.url)
    assert browser.script("return document.getElementById('announcer').textContent") == ""

    site.tell_all(asking_release(2))

    browser.until(
        lambda: "ApproveProd waits for your approval." in str(browser.script("return announcer.textContent")),
        "the announcement",
    )


def test_nothing_moves_for_who_wants_no_motion(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *building(1)])
    browser.show(is_still=True)
    browser.open(site.url)

    assert browser.script("return document.getAnimations().length") == 0
