"""The page's server for the browser's tests: it can go away and come back, at its address or as another `up`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rehearsal.page.server import Page, PageServer, listen
from rehearsal.run_events import RunEvent
from tests.rehearsal.page.replay import Replay
from tests.rehearsal.page.story import timed


class Site(Replay):
    """`said` is what was decided on the page, in words."""

    def __init__(self, folder: Path, chart: Path) -> None:
        self.said: list[str] = []
        self._now = 1_790_000_000.0
        super().__init__(folder, chart=chart, say=self.said.append)

    def tell_all(self, events: Iterable[RunEvent]) -> None:
        """Each a second after the one before."""
        for event in timed(events, at=self._now):
            self._now += 1.0
            self.tell(event)

    def go_away(self) -> None:
        self._server.__exit__(None, None, None)

    def come_back(self, *, is_another: bool = False) -> None:
        """With the same secret, as a server that was away; or with another, as a new `up` at the same port."""
        before = self._server
        self._server = _Again(before, "another" if is_another else before._secret)
        self._server.__enter__()


class _Again(PageServer):
    def __init__(self, before: PageServer, secret: str) -> None:
        page: Page = before._page
        super().__init__(page, listen(before._port))
        self._secret = secret
