"""A car reports where it is: the newest report counts, whatever comes late or twice.

No report that nobody can read: it would be set aside, the alarm would call people, and stay on until they came.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from integ.api import CarsApi
from integ.car import NEW_CAR
from integ.deadline import wait_until
from integ.fleet import Fleet


def test_newest_report_is_the_cars_position(
    api: CarsApi, fleet: Fleet, car: dict[str, Any], new_car_id: Callable[[], str]
) -> None:
    car_id = car["car_id"]
    follower_id = api.request("POST", "cars", {**NEW_CAR, "car_id": new_car_id()}).json()["car_id"]
    now = datetime.now(UTC)

    # a report, a newer one, and behind it one that was overtaken on its way
    fleet.report(car_id, now - timedelta(minutes=3), latitude=48.1, longitude=11.5, nb_passengers=1)
    fleet.report(car_id, now - timedelta(minutes=1), latitude=48.2, longitude=11.6, nb_passengers=3)
    fleet.report(car_id, now - timedelta(minutes=2), latitude=-1.0, longitude=-1.0)
    until_all_reports_are_read(api, fleet, car_id, follower_id)
    assert position(api, car_id) == (48.2, 11.6)

    # the same again, and an older one, change nothing, though the car has none but these to be read
    fleet.report(car_id, now - timedelta(minutes=1), latitude=48.3, longitude=11.7)
    fleet.report(car_id, now - timedelta(minutes=2), latitude=-2.0, longitude=-2.0)
    until_all_reports_are_read(api, fleet, car_id, follower_id)
    assert position(api, car_id) == (48.2, 11.6)

    # the next one does
    fleet.report(car_id, now, latitude=48.4, longitude=11.8, nb_passengers=2)
    wait_until(lambda: position(api, car_id) == (48.4, 11.8))
    seen = api.request("GET", f"cars/{car_id}").json()
    assert (seen["latitude"], seen["longitude"], seen["nb_passengers"]) == (48.4, 11.8, 2)
    assert datetime.fromisoformat(seen["position_at"]) == now

    # whatever else is said of the car is as it was: nobody has changed it
    told = {"latitude", "longitude", "nb_passengers", "position_at"}
    assert {name: value for name, value in seen.items() if name not in told} == {
        name: value for name, value in car.items() if name not in told
    }


def until_all_reports_are_read(api: CarsApi, fleet: Fleet, car_id: str, follower_id: str) -> None:
    """Another car reports twice, behind the reports of the first: its newer report comes in a later batch than its
    older one, whose batch is done by then, and with it all that was before it, whatever the service made of it."""
    for _ in range(2):
        latitude = round(random.uniform(-90, 90), 4)
        fleet.report(follower_id, datetime.now(UTC), latitude=latitude, longitude=0.0, behind=car_id)
        wait_until(lambda there=(latitude, 0.0): position(api, follower_id) == there)  # type: ignore[misc]
        assert position(api, follower_id) == (latitude, 0.0)


def position(api: CarsApi, car_id: str) -> tuple[float, float]:
    seen = api.request("GET", f"cars/{car_id}").json()
    return seen["latitude"], seen["longitude"]
