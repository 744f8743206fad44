"""What the browser itself measures of a page: its first paint, and whatever has kept its main thread.

A task's own time is that of its thread, so that other work on the machine does not count; its whole time is the wall's.
Source: W3C Paint Timing; Chromium's trace events (`dur`, `tdur`), category toplevel.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.chromium import chromium

_PAINTED = "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
_DRAWN = "return performance.getEntriesByName('drawn')[0].startTime"
_MAIN_THREAD = "CrRendererMain"
_TASK = "ThreadControllerImpl::RunTask"


@dataclass(frozen=True)
class Measured:
    """Milliseconds: since the page was asked for, and of the task that took longest, by its thread and by the wall."""

    first_paint: float
    drawn: float
    longest_task: float
    longest_wait: float

    def __str__(self) -> str:
        return (
            f"first paint {self.first_paint:.0f} ms, all drawn {self.drawn:.0f} ms, "
            f"longest task {self.longest_task:.0f} ms ({self.longest_wait:.0f} ms with what else the machine did)"
        )


@contextmanager
def watched() -> Iterator[Browser]:
    """A browser that keeps a trace. Raises NoBrowser."""
    with chromium(traced="toplevel") as driver:
        browser = Browser(driver)
        browser.show()
        yield browser


def measured(browser: Browser) -> Measured:
    """Of the page that is open, once."""
    tasks = _tasks(browser)
    return Measured(
        first_paint=browser.script(_PAINTED),
        drawn=browser.script(_DRAWN),
        longest_task=max(task.get("tdur", task["dur"]) for task in tasks) / 1000,
        longest_wait=max(task["dur"] for task in tasks) / 1000,
    )


def _tasks(browser: Browser) -> list[dict[str, Any]]:
    entries = browser.driver.get_log("performance")  # type: ignore[no-untyped-call]
    messages = [json.loads(entry["message"])["message"] for entry in entries]
    events = [message["params"] for message in messages if message["method"] == "Tracing.dataCollected"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == _MAIN_THREAD
    }
    tasks = [event for event in events if event["name"] == _TASK and (event["pid"], event["tid"]) in main]
    return [task for task in tasks if "dur" in task]  # what has not ended yet has none
