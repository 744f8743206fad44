"""What the prober calls: a fault of one route is worth what its share of that is."""

from __future__ import annotations

from scripts.canary.mix import JOURNEYS, calls_of_journeys, route_of_each_journey
from service.api.runtime.resources import ROUTES
from service.prober.runtime.journey import REQUESTS_PER_JOURNEY


def test_calls_are_those_of_the_probers_journeys() -> None:
    calls = calls_of_journeys()

    assert sum(calls.values()) == JOURNEYS * REQUESTS_PER_JOURNEY
    assert calls["POST /cars"] == calls["DELETE /cars/{car_id}"] == JOURNEYS
    assert calls["PUT /cars/{car_id}"] == calls["PATCH /cars/{car_id}"] == JOURNEYS / 2
    assert set(calls) <= set(ROUTES)


def test_each_journey_creates_one_car() -> None:
    assert route_of_each_journey() == "POST /cars"
