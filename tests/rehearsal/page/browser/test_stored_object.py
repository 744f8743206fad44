"""What an approval leads to opens from its question, and has no rights there: neither script nor the page's origin."""

from __future__ import annotations

import dataclasses

from rehearsal.page.stored_objects import ObjectAddress, StoredObject
from rehearsal.run_events import ApprovalRequested
from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.story import BEGINNING, asking_release, good_release

LINK = "https://eu-west-1.console.aws.amazon.com/s3/object/b?region=eu-west-1&prefix=executions/1/index.html"
HTML = b"""<!doctype html><title>Evidence</title><style>p { color: rgb(1, 2, 3) }</style>
<p>May I?</p><a href="#more">More</a><form action="state"><button>Send</button></form>
<script>document.title = "It ran"</script><img alt="" src="x" onerror="document.title = 'It ran'">"""


def test_object_that_the_question_links_to_opens_without_rights(browser: Browser, site: Site) -> None:
    asked: list[ObjectAddress] = []

    def read(address: ObjectAddress) -> StoredObject:
        asked.append(address)
        return StoredObject(content=HTML, content_type="text/html")

    site.read_object = read
    site.tell_all([*BEGINNING, *good_release(1)])
    for event in asking_release(2):
        site.tell_all([dataclasses.replace(event, url=LINK) if isinstance(event, ApprovalRequested) else event])
    browser.open(site.url)

    browser.wait_text(".approval", "What to look at")
    browser.one(".approval a[target]").click()

    browser.until(lambda: len(browser.driver.window_handles) == 2, "the new tab")
    browser.driver.switch_to.window(browser.driver.window_handles[1])
    assert browser.wait_text("p", "May I?")
    assert (browser.driver.title, browser.script("return self.origin")) == ("Evidence", "null")
    assert browser.script("return getComputedStyle(document.querySelector('p')).color") == "rgb(1, 2, 3)"
    assert [address.key for address in asked] == ["executions/1/index.html"]
    assert all("Content Security Policy" in said or "sandboxed" in said for said in browser.complaints())


def test_another_link_stays_as_it_is(browser: Browser, site: Site) -> None:
    site.tell_all([*BEGINNING, *good_release(1), *asking_release(2)])
    browser.open(site.url)

    browser.wait_text(".approval", "What to look at")
    assert browser.one(".approval a[target]").get_dom_attribute("href") == "https://example.com/runbook"
