"""What an action says is read as it grows."""

from __future__ import annotations

from selenium.webdriver.common.keys import Keys

from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.parts import open_log
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.story import BEGINNING, building, ended, said


def test_log_of_a_running_action_grows(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *building(1), *(said(1, "Build", "Synth", f"line {n}") for n in range(1000))])
    browser.open(site.url)
    open_log(browser, "Synth")
    assert "line 999" in browser.wait_text("#log .log-lines", "line 999")
    assert "1,000 lines · running" in browser.text("#log .log-tools")

    site.tell_all([said(1, "Build", "Synth", "\x1b[31mred\x1b[0m ünïcödé"), ended(1, "Build", "Synth")])

    assert "red ünïcödé" in browser.wait_text("#log .log-lines", "red")
    browser.wait_text("#log .log-tools", "1,001 lines · ended")


def test_log_stays_where_one_reads_and_follows_when_asked(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *building(1), *(said(1, "Build", "Synth", f"line {n}") for n in range(1000))])
    browser.open(site.url)
    open_log(browser, "Synth")
    browser.wait_text("#log .log-lines", "line 999")

    browser.press(Keys.HOME)
    browser.wait_text("#log .log-lines", "line 0\n")
    assert not browser.one("#log-follow").is_selected()
    site.tell_all([said(1, "Build", "Synth", "one more")])
    browser.wait_text("#log .log-tools", "1,001 lines")
    assert "line 0\n" in browser.text("#log .log-lines")

    browser.one("#log-follow").click()
    browser.wait_text("#log .log-lines", "one more")


def test_log_goes_on_over_a_lost_connection(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *building(1), *(said(1, "Build", "Synth", f"line {n}") for n in range(10))])
    browser.open(site.url)
    open_log(browser, "Synth")
    browser.wait_text("#log .log-lines", "line 9")

    site.go_away()
    browser.wait_text("#log .log-tools", "connection lost")
    site.tell_all([said(1, "Build", "Synth", "line 10")])
    site.come_back()

    browser.wait_text("#log .log-tools", "11 lines · running")
    lines = browser.text("#log .log-lines").split("\n")
    assert lines == [f"line {n}" for n in range(11)]


def test_escape_closes_the_log_and_goes_back_to_its_action(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *building(1)])
    browser.open(site.url)
    open_log(browser, "Synth")

    browser.press(Keys.ESCAPE)

    browser.until(lambda: not browser.one("body").find_element("id", "log").is_displayed(), "the log's end")
    assert "Synth" in browser.focused.text
