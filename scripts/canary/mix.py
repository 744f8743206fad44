"""Which of its calls the prober sends to which route: what a fault of one route is worth is judged on that mix.

It takes the prober's own journeys and looks at what they ask for. It must not send anything.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from service.prober.runtime.journey import Tally, Traveller
from service.prober.runtime.signed_api import Answer

JOURNEYS = 24
"""As many as any turn that they take by their numbers."""


class _Listener:
    """An API, and senders, that note which route is called, and know no car that was deleted."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._deleted: set[str] = set()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        if_match: str | None = None,
    ) -> Answer:
        resource = re.sub(r"^/cars/[^/]+", "/cars/{car_id}", path)
        self.calls[f"{method} {resource}"] += 1
        if method == "DELETE":
            self._deleted.add(path)
        return Answer(404 if path in self._deleted else 200, {})

    def report(self, car_id: str) -> str | None:
        return None

    def order(self, order_id: str, car_id: str, action: str) -> str | None:
        return None


@functools.cache
def calls_of_journeys() -> Mapping[str, int]:
    """How often JOURNEYS journeys call each route, by "POST /cars"; those that they do not call are not there."""
    listener = _Listener()
    traveller = Traveller(listener, listener)
    for number in range(JOURNEYS):
        traveller.travel(number, Tally(), sends_events=False)
    return dict(listener.calls)


def route_of_each_journey() -> str:
    """One that every journey calls once."""
    return next(route for route, calls in calls_of_journeys().items() if calls == JOURNEYS)
