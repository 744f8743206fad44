"""A planner takes a car out of service and gives it back: each order counts once, however often it is delivered."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from integ.api import CarsApi
from integ.deadline import wait_until
from integ.fleet import Fleet


def test_order_takes_a_car_out_of_service_and_back_once(api: CarsApi, fleet: Fleet, car: dict[str, Any]) -> None:
    car_id = car["car_id"]
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

    # its start comes once more, late; the next order shows that the queue has been read since
    fleet.order(order_id, car_id, "start")
    next_id = f"e2e-{uuid4()}"
    fleet.order(next_id, car_id, "start")
    wait_until(lambda: status(api, car_id) == "InMaintenance")
    fleet.order(next_id, car_id, "finish")
    wait_until(lambda: status(api, car_id) == "Available")
    assert status(api, car_id) == "Available"
    assert api.request("GET", f"cars/{car_id}").json()["created_at"] == finished["created_at"]


def test_order_for_a_car_that_is_not_there_stops_nobody(api: CarsApi, fleet: Fleet, car: dict[str, Any]) -> None:
    order_id = f"e2e-{uuid4()}"

    fleet.order(f"e2e-{uuid4()}", f"e2e-{uuid4()}", "start")
    fleet.order(order_id, car["car_id"], "start")
    wait_until(lambda: status(api, car["car_id"]) == "InMaintenance")
    assert status(api, car["car_id"]) == "InMaintenance"

    # an open order would be remembered for ever
    fleet.order(order_id, car["car_id"], "finish")
    wait_until(lambda: status(api, car["car_id"]) == "Available")
    assert status(api, car["car_id"]) == "Available"


def status(api: CarsApi, car_id: str) -> str:
    return str(api.request("GET", f"cars/{car_id}").json()["status"])
