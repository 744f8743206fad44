"""The parts of the page, by what they are called on it."""

from __future__ import annotations

from tests.rehearsal.page.browser.browser import Browser


def stages(browser: Browser) -> dict[str, str]:
    """What each stage says, by its name."""
    return {words.split("\n")[0]: words for words in browser.words(".stage")}


def wait_stage(browser: Browser, name: str, part: str) -> str:
    """Waits until the stage says that; answers all that it says."""
    return str(
        browser.until(lambda: (said := stages(browser).get(name, "")) and part in said and said, f"{part!r} in {name}")
    )


def open_log(browser: Browser, action: str) -> None:
    rows = browser.all(".action-row")
    next(row for row, words in zip(rows, browser.words(".action-row"), strict=True) if action in words).click()
    browser.one("#log")


def messages(browser: Browser) -> list[str]:
    """Oldest first."""
    return browser.texts("#message-list li p:first-of-type")[::-1]
