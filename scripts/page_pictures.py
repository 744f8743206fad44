"""`python -m scripts.page_pictures`: takes the README's pictures of the page of `rehearse up`, from a recorded run.

Source: tests/rehearsal/page/recordings. It needs Chromium and its driver. It must not draw anything that was not told.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from rehearsal.errors import RehearsalError
from rehearsal.machine.user_cache import user_cache
from rehearsal.page.chart import chart_folder
from rehearsal.run_events import ApprovalRequested, RunEvent
from tests.rehearsal.page.browser.browser import Browser
from tests.rehearsal.page.browser.chromium import NoBrowser, chromium
from tests.rehearsal.page.browser.site import Site
from tests.rehearsal.page.recording import read_recording

ROOT = Path(__file__).resolve().parent.parent
RECORDING = ROOT / "tests" / "rehearsal" / "page" / "recordings" / "canary.jsonl"
WIDTH, HEIGHT = 1440, 900
COLOURS = 128
_SECONDS_LATER = 4  # than the last event: what runs has run for a moment


@dataclass(frozen=True)
class Picture:
    """`moment` chooses the events that were told by then; `top` is what the picture begins with."""

    name: str
    moment: Callable[[list[RunEvent]], Iterable[RunEvent]]
    top: str


def until_approval(events: list[RunEvent]) -> Iterator[RunEvent]:
    """Up to the first question."""
    for event in events:
        yield event
        if isinstance(event, ApprovalRequested):
            return


PICTURES = (
    Picture("page-release", until_approval, "body"),
    Picture("page-canary", lambda events: events, "[aria-labelledby=canaries-title]"),
)


def main() -> int:
    events = list(read_recording(RECORDING))
    try:
        for picture in PICTURES:
            file = ROOT / "docs" / f"{picture.name}.png"
            file.write_bytes(_small(_taken(list(picture.moment(events)), picture.top)))
            sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB\n")
    except (NoBrowser, RehearsalError) as exc:
        sys.stderr.write(f"page_pictures: {exc}\n")
        return 2
    return 0


def _taken(events: list[RunEvent], top: str) -> bytes:
    with (
        tempfile.TemporaryDirectory() as folder,
        Site(Path(folder), chart_folder(user_cache())) as site,
        chromium() as driver,
    ):
        for event in events:
            site.tell(event)
        browser = Browser(driver)
        _stand_still(browser, events[-1].at + _SECONDS_LATER)
        browser.open(site.url)
        browser.script("document.querySelector(arguments[0]).scrollIntoView()", top)
        browser.until(lambda: browser.script(_ALL_PLOTTED), "the plots")
        return bytes(driver.get_screenshot_as_png())


_ALL_PLOTTED = """
const seen = [...document.querySelectorAll(".plot")].filter((plot) => plot.getBoundingClientRect().top < innerHeight);
return seen.every((plot) => plot.querySelector("canvas"));
"""


def _stand_still(browser: Browser, at: float) -> None:
    """It is that time, and stays it: the same recording is the same picture, in every time zone."""
    browser.show(width=WIDTH, height=HEIGHT, is_still=True)
    run = browser.driver.execute_cdp_cmd
    run("Page.addScriptToEvaluateOnNewDocument", {"source": f"Date.now = () => {at * 1000};"})
    run("Emulation.setTimezoneOverride", {"timezoneId": "UTC"})
    run("Emulation.setLocaleOverride", {"locale": "en-GB"})
    run("Emulation.setScrollbarsHidden", {"hidden": True})


def _small(png: bytes) -> bytes:
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    image.save(written, format="PNG", optimize=True)
    return written.getvalue()


if __name__ == "__main__":
    sys.exit(main())
