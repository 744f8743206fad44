"""What the browser itself measures of a page: its first paint, and whatever has blocked its main thread.

Source: W3C Paint Timing and Long Tasks (a task is long from 50 ms on).
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.rehearsal.page.browser.browser import Browser

_WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
}).observe({type: "longtask", buffered: true});
"""
_MEASURED = """
const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
const drawn = performance.getEntriesByName("drawn")[0].startTime;
return [paint, drawn, Math.max(0, ...window.longTasks)];
"""


@dataclass(frozen=True)
class Measured:
    """Milliseconds: since the page was asked for, and of the longest task; 0 where none took 50."""

    first_paint: float
    drawn: float
    longest_task: float


def watch(browser: Browser) -> None:
    """From the next page on."""
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _WATCH})


def measured(browser: Browser) -> Measured:
    return Measured(*browser.script(_MEASURED))
