"""A planner takes a car out of service and gives it back: each order counts once, however often it is delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from integ.api import CarsApi
from integ.car import NEW_CAR
from integ.deadline import wait_until
from integ.fleet import Fleet


def test_order_takes_a_car_out_of_service_and_back_once(
    api: CarsApi, fleet: Fleet, car: dict[str, Any], new_car_id: Callable[[], str]
) -> None:
    car_id = car["car_id"]
    other_id = api.request("POST", "cars", {**NEW_CAR, "car_id": new_car_id()}).json()["car_id"]
    order_id = f"e2e-{uuid4()}"

    # the order starts, and is delivered twice
    fleet.order(order_id, car_id, "start")
    fleet.order(order_id, car_id, "start")
    wait_until(lambda: status(api, car_id) == "InMaintenance")
    assert status(api, car_id) == "InMaintenance"

    # it ends
    fleet.order(order_id, car_id, "finish")
    wait_until(lambda: status(api, car_id) == "Available")
    assert status(api, car_id) == "Available"
    finished = api.request("GET", f"cars/{car_id}").json()
    assert {**finished, "updated_at": None} == {**car, "updated_at": None}

    # its start comes once more, late, and another car's orders show that the queue has been read since: it promises no
    # order, but hands out what waits while they go there and back, each of them twice
    fleet.order(order_id, car_id, "start")
    for _ in range(2):
        maintain(api, fleet, other_id)
    assert api.request("GET", f"cars/{car_id}").json() == finished

    # and it is free for the next one
    maintain(api, fleet, car_id)


def test_order_for_a_car_that_is_not_there_stops_nobody(api: CarsApi, fleet: Fleet, car: dict[str, Any]) -> None:
    fleet.order(f"e2e-{uuid4()}", f"e2e-{uuid4()}", "start")
    maintain(api, fleet, car["car_id"])


def maintain(api: CarsApi, fleet: Fleet, car_id: str) -> None:
    """Takes the car out of service and back: an open order would be remembered for ever."""
    order_id = f"e2e-{uuid4()}"
    fleet.order(order_id, car_id, "start")
    wait_until(lambda: status(api, car_id) == "InMaintenance")
    assert status(api, car_id) == "InMaintenance"
    fleet.order(order_id, car_id, "finish")
    wait_until(lambda: status(api, car_id) == "Available")
    assert status(api, car_id) == "Available"


def status(api: CarsApi, car_id: str) -> str:
    return str(api.request("GET", f"cars/{car_id}").json()["status"])
