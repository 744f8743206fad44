"""Journeys against an API that may fail: what is counted, what is left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.prober.runtime.journey import REQUESTS_PER_JOURNEY, Tally, Traveller
from service.prober.runtime.signed_api import Answer


class FakeApi:
    """The cars' API in memory; `broken` says which calls fail, and how."""

    def __init__(self, broken: Callable[[str, str], Answer | None] = lambda method, path: None) -> None:
        self.cars: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str]] = []
        self.queries: list[dict[str, str]] = []
        self._broken = broken

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        if_match: str | None = None,
    ) -> Answer:
        self.calls.append((method, path))
        failure = self._broken(method, path)
        if failure is not None:
            return failure
        car_id = path.removeprefix("/cars/")
        if path == "/cars" and method == "POST":
            car = {**(body or {}), "created_at": datetime.now(UTC).isoformat()}
            self.cars[str(car["car_id"])] = car
            return Answer(201, car)
        if path == "/cars":
            return self._page(dict(query or {}))
        if car_id not in self.cars:
            return Answer(404, {})
        if method == "DELETE":
            del self.cars[car_id]
            return Answer(204, {})
        if method == "PUT" and if_match != self._etag(car_id):
            return Answer(428, {})
        self.cars[car_id] |= body or {}
        return Answer(200, self.cars[car_id], self._etag(car_id))

    def _etag(self, car_id: str) -> str:
        return f'"{hash(str(self.cars[car_id]))}"'

    def _page(self, query: dict[str, str]) -> Answer:
        self.queries.append(query)
        start = int(query.get("next_token", "0"))
        cars = sorted(self.cars.values(), key=lambda car: str(car["car_id"]))
        end = start + int(query["limit"])
        return Answer(200, {"cars": cars[start:end], "next_token": str(end) if end < len(cars) else None})


class FakeSenders:
    """Takes every report and order; `refusal` is what it answers to each."""

    def __init__(self, refusal: str | None = None) -> None:
        self.reports: list[str] = []
        self.orders: list[tuple[str, str, str]] = []
        self._refusal = refusal

    def report(self, car_id: str) -> str | None:
        self.reports.append(car_id)
        return self._refusal

    def order(self, order_id: str, car_id: str, action: str) -> str | None:
        self.orders.append((order_id, car_id, action))
        return self._refusal


def counts(tally: Tally) -> dict[str, int]:
    return {name: count for name, count in vars(tally).items() if not name.endswith(("failures", "events"))}


def travel(api: FakeApi, journeys: int = 1, senders: FakeSenders | None = None, with_events: int = 0) -> Tally:
    tally = Tally()
    traveller = Traveller(api, senders or FakeSenders())
    for number in range(journeys):
        traveller.travel(number, tally, sends_events=number < with_events)
    return tally


def test_journey_takes_every_route_and_leaves_nothing() -> None:
    api = FakeApi()

    tally = travel(api, journeys=2)

    assert [method for method, _ in api.calls] == [
        *("POST", "GET", "GET", "PATCH", "GET", "DELETE", "GET"),
        *("POST", "GET", "GET", "PUT", "GET", "DELETE", "GET"),
    ]
    assert counts(tally) == counts(
        Tally(requests=2 * REQUESTS_PER_JOURNEY, failed_requests=0, journeys=2, succeeded_journeys=2)
    )
    assert api.cars == {}


def test_cars_of_journeys_are_told_by_their_prefix() -> None:
    api = FakeApi()

    travel(api)

    assert {path.split("-")[0] for method, path in api.calls if path != "/cars"} == {"/cars/probe"}


@pytest.mark.parametrize(
    ("method", "failed_requests"),
    [("POST", 5), ("GET", 4), ("PATCH", 1), ("DELETE", 2)],
)
def test_failing_requests_are_counted_and_the_journey_goes_on(method: str, failed_requests: int) -> None:
    api = FakeApi(lambda called, _: Answer(502, {}) if called == method else None)

    tally = travel(api)

    assert counts(tally) == counts(
        Tally(requests=REQUESTS_PER_JOURNEY, failed_requests=failed_requests, journeys=1, succeeded_journeys=0)
    )


def test_car_reports_and_is_ordered_to_maintenance_meanwhile() -> None:
    api, senders = FakeApi(), FakeSenders()

    tally = travel(api, journeys=4, senders=senders, with_events=2)

    first, second = list(dict.fromkeys(senders.reports))
    assert senders.reports == [first, first, second, second]
    assert senders.orders == [
        (f"{car_id}-order", car_id, action) for car_id in (first, second) for action in ("start", "finish")
    ]
    # an order is a change, and would be a conflict with what PUT has seen
    assert [method for method, _ in api.calls if method in ("PUT", "PATCH")] == ["PATCH", "PATCH", "PATCH", "PUT"]
    assert (tally.events, tally.failed_events) == (8, 0)


def test_journey_whose_events_are_not_accepted_has_not_succeeded() -> None:
    senders = FakeSenders("PutRecord was refused: AccessDeniedException")

    tally = travel(FakeApi(), senders=senders, with_events=1)

    assert (tally.events, tally.failed_events, tally.failed_requests) == (4, 4, 0)
    assert (tally.journeys, tally.succeeded_journeys) == (1, 0)
    assert tally.failures == {"PutRecord was refused: AccessDeniedException": 4}


def test_what_failed_is_told() -> None:
    tally = travel(FakeApi(lambda method, _: Answer(403, {}) if method == "DELETE" else None), journeys=2)

    assert tally.failures == {
        "DELETE /cars/{car_id} answered 403, not 204": 2,
        "GET /cars/{car_id} answered 200, not 404": 2,
    }


def test_request_without_an_answer_is_counted() -> None:
    tally = travel(FakeApi(lambda method, path: Answer(0, {})), journeys=3)

    assert counts(tally) == counts(
        Tally(
            requests=3 * REQUESTS_PER_JOURNEY,
            failed_requests=3 * REQUESTS_PER_JOURNEY,
            journeys=3,
            succeeded_journeys=0,
        )
    )


def test_car_is_deleted_again_when_the_first_attempt_failed() -> None:
    failures = [Answer(502, {})]
    api = FakeApi(lambda method, _: failures.pop() if method == "DELETE" and failures else None)

    travel(api)

    assert api.cars == {}


def test_old_synthetic_cars_on_any_page_are_deleted_and_others_kept() -> None:
    api = FakeApi()
    old = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    new = datetime.now(UTC).isoformat()
    for number in range(30):
        api.cars[f"a-{number:02}"] = {"car_id": f"a-{number:02}", "created_at": old}
    for car_id, created_at in (("e2e-1", old), ("probe-1", old), ("release-1", old), ("probe-2", new)):
        api.cars[car_id] = {"car_id": car_id, "created_at": created_at}

    travel(api, journeys=2)

    assert [query.get("next_token") for query in api.queries] == [None, "25"]
    assert [car_id for car_id in api.cars if not car_id.startswith("a-")] == ["probe-2"]
    assert len(api.cars) == 31


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cars": None},
        {"cars": [{"id": "probe-1"}]},
        {"cars": [{"car_id": "probe-1", "created_at": "yesterday"}]},
        {"cars": [], "next_token": 7},
    ],
)
def test_list_in_another_shape_does_not_break_the_journey(body: dict[str, Any]) -> None:
    api = FakeApi(lambda method, path: Answer(200, body) if (method, path) == ("GET", "/cars") else None)

    assert travel(api, journeys=2).journeys == 2
