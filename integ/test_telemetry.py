"""A car reports where it is: the newest report counts, whatever comes late or twice.

No report that nobody can read: it would be set aside, the alarm would call people, and stay on until they came.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from integ.api import CarsApi
from integ.deadline import wait_until
from integ.fleet import Fleet


def test_newest_report_is_the_cars_position(api: CarsApi, fleet: Fleet, car: dict[str, Any]) -> None:
    car_id = car["car_id"]
    now = datetime.now(UTC)

    # a report, one that was overtaken on its way, and a newer one
    fleet.report(car_id, now - timedelta(minutes=2), latitude=48.1, longitude=11.5, nb_passengers=1)
    fleet.report(car_id, now - timedelta(minutes=3), latitude=-1.0, longitude=-1.0)
    fleet.report(car_id, now - timedelta(minutes=1), latitude=48.2, longitude=11.6, nb_passengers=3)

    wait_until(lambda: position(api, car_id) == (48.2, 11.6))
    assert position(api, car_id) == (48.2, 11.6)

    # the same again, and an older one, change nothing: the one after them shows that they were read
    fleet.report(car_id, now - timedelta(minutes=1), latitude=48.3, longitude=11.7)
    fleet.report(car_id, now - timedelta(minutes=2), latitude=48.1, longitude=11.5)
    assert position(api, car_id) == (48.2, 11.6)
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


def position(api: CarsApi, car_id: str) -> tuple[float, float]:
    seen = api.request("GET", f"cars/{car_id}").json()
    return seen["latitude"], seen["longitude"]
