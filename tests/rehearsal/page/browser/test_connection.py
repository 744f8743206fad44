"""Nothing is lost or doubled by a reload, in a second tab, or over a lost connection; and who is late is told so."""

from __future__ import annotations

from rehearsal.run_events import Notice, UpEnded
from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.parts import messages
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.story import BEGINNING, asking_release, building


def _notices(first: int, last: int) -> list[Notice]:
    return [Notice(text=f"notice {number}") for number in range(first, last + 1)]


def test_reload_in_the_middle_shows_the_same(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *building(1), *_notices(1, 3)])
    browser.open(site.url)
    before = (browser.texts(".stage h3"), browser.text("#history-table"), messages(browser))

    browser.driver.refresh()

    browser.wait_text("#running", "In Build")
    assert (browser.texts(".stage h3"), browser.text("#history-table"), messages(browser)) == before
    site.tell_all(_notices(4, 4))
    browser.until(lambda: "notice 4" in messages(browser), "what comes after it")


def test_two_tabs_show_the_same_answer(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *asking_release(1)])
    browser.open(site.url)
    first = browser.driver.current_window_handle
    browser.new_tab()
    browser.open(site.url)

    browser.button("Approve the release of 1111111 to Prod").click()
    browser.button("Approve").click()
    browser.until(lambda: not browser.all(".approval"), "the question's end in the tab that answered")

    browser.driver.switch_to.window(first)
    browser.until(lambda: not browser.all(".approval"), "the question's end in the other tab")
    assert len(site.said) == 1


def test_lost_connection_is_said_and_nothing_is_lost_or_doubled(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *_notices(1, 5)])
    browser.open(site.url)

    site.go_away()
    browser.wait_text("#banner", "The connection is lost, and is tried again.")
    assert browser.text("#link") == "Connection lost"
    site.tell_all(_notices(6, 9))
    site.come_back()

    browser.wait_text("#link", "Live")
    site.tell_all(_notices(10, 11))
    wanted = [f"notice {number}" for number in range(1, 12)]
    browser.until(lambda: messages(browser)[-1:] == wanted[-1:], "the last notice")
    assert messages(browser) == wanted
    assert not browser.one("body").find_elements("css selector", "#banner:not([hidden])")


def test_tab_of_an_earlier_up_says_so_and_what_to_do(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *building(1)])
    browser.open(site.url)

    site.go_away()
    site.come_back(is_another=True)

    said = browser.wait_text("#banner", "earlier")
    assert "Run `rehearse up` again, and open the address that it prints." in said
    assert browser.text("#link") == "Of an earlier run"


def test_end_of_up_is_said_and_stays_said_when_the_server_has_gone(browser: Browser, site: Site) -> None:
    site.tell_all(BEGINNING)
    browser.open(site.url)

    site.tell_all([UpEnded(reason="You ended it")])
    said = browser.wait_text("#banner", "has ended")
    site.go_away()

    assert said.startswith("This `rehearse up` has ended. You ended it.")
    assert browser.text("#link") == "Ended"
    site.come_back()


def test_answer_without_a_connection_says_so(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *asking_release(1)])
    browser.open(site.url)
    browser.button("Approve the release of 1111111 to Prod").click()
    site.go_away()

    browser.button("Approve").click()

    browser.wait_text("dialog .problem", "the connection is lost")
    assert site.said == []
    site.come_back()
