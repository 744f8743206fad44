"""A subscriber of the bus hears of what happens to a car, as docs/events promises it: table, stream, bus, queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest

from integ.api import CarsApi
from integ.car import NEW_CAR
from integ.deadline import wait_until
from integ.fleet import Fleet
from integ.subscriber import SUBSCRIBED_PREFIX, Subscriber

TYPES = [f"acme.acs.acm.events.{name}" for name in ("CarCreated", "CarUpdated", "CarDeleted")]


@pytest.mark.keeps(*(f"{name} 1.0" for name in TYPES))
def test_each_change_of_a_car_is_an_event_as_promised(
    api: CarsApi, subscriber: Subscriber, new_car_id: Callable[..., str]
) -> None:
    # given a car that is created, changed and deleted, each time by a request with an id of its own
    car_id = new_car_id(prefix=SUBSCRIBED_PREFIX)
    requests = [f"e2e-{uuid4()}" for _ in range(3)]
    ids = [{"X-Correlation-Id": request} for request in requests]
    created = api.request("POST", "cars", {**NEW_CAR, "car_id": car_id}, headers=ids[0]).json()
    changed = api.request("PATCH", f"cars/{car_id}", {"status": "InCourse"}, headers=ids[1]).json()
    assert api.request("DELETE", f"cars/{car_id}", headers=ids[2]).status_code == HTTPStatus.NO_CONTENT

    # when all of it was heard
    wait_until(lambda: len(subscriber.events_of(car_id)) >= len(TYPES))
    heard = subscriber.events_of(car_id)

    # then each is what it should be, and tells of the car as callers see it
    assert [(event["source"], event["detail-type"]) for event in heard] == [("acs.acm", name) for name in TYPES]
    details = [event["detail"] for event in heard]
    assert [(known(detail["previous"]), known(detail["car"])) for detail in details] == [
        (None, known(created)),
        (known(created), known(changed)),
        (None, known(changed)),
    ]
    assert [detail["synthetic"] for detail in details] == [True] * 3
    # a deletion leaves no id of its own in the table
    assert [detail["correlation_id"] for detail in details] == [requests[0], requests[1], requests[1]]
    times = [datetime.fromisoformat(detail["occurred_at"]) for detail in details]
    assert times == sorted(times)
    assert abs((times[0] - datetime.fromisoformat(created["created_at"])).total_seconds()) < 60


def test_car_that_says_where_it_is_causes_no_event(
    api: CarsApi, fleet: Fleet, subscriber: Subscriber, new_car_id: Callable[..., str]
) -> None:
    # given a car whose report was taken in
    car_id = new_car_id(prefix=SUBSCRIBED_PREFIX)
    assert api.request("POST", "cars", {**NEW_CAR, "car_id": car_id}).status_code == HTTPStatus.CREATED
    fleet.report(car_id, datetime.now(UTC), latitude=48.2, longitude=11.6)
    wait_until(lambda: api.request("GET", f"cars/{car_id}").json()["latitude"] == 48.2)
    assert api.request("GET", f"cars/{car_id}").json()["latitude"] == 48.2

    # when what happens to it afterwards was heard: changes of a car are read in their order
    assert api.request("PATCH", f"cars/{car_id}", {"model": "Test II"}).status_code == HTTPStatus.OK
    wait_until(lambda: TYPES[1] in types_of(subscriber.events_of(car_id)))
    assert api.request("DELETE", f"cars/{car_id}").status_code == HTTPStatus.NO_CONTENT
    wait_until(lambda: TYPES[2] in types_of(subscriber.events_of(car_id)))

    # then there was no event of the report
    assert types_of(subscriber.events_of(car_id)) == TYPES


def types_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["detail-type"] for event in events]


def known(car: dict[str, Any] | None) -> dict[str, Any] | None:
    """The car with its times as times: one may be written in more than one way."""
    if car is None:
        return None
    times = {name: datetime.fromisoformat(car[name]) for name in ("created_at", "updated_at")}
    return {**car, **times}
