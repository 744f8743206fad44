"""A car comes to the fleet, is described anew, drives, and leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

import pytest

from integ.api import CarsApi


@pytest.mark.keeps(
    "create_car 201", "get_car 200", "replace_car 200", "change_car 200", "delete_car 204", "get_car 404"
)
def test_car_is_created_read_replaced_changed_and_deleted(api: CarsApi, new_car_id: Callable[[], str]) -> None:
    car_id = new_car_id()

    # a car comes to the fleet
    created = api.request("POST", "cars", {"car_id": car_id, "model": "Model A", "year": 2026})
    assert created.status_code == HTTPStatus.CREATED, created.text
    assert created.headers["Location"] == f"/cars/{car_id}"
    car = created.json()
    assert (car["car_id"], car["model"], car["year"], car["status"]) == (car_id, "Model A", 2026, "Available")

    # it can be found
    found = api.request("GET", f"cars/{car_id}")
    assert found.json() == car
    assert found.headers["ETag"] == created.headers["ETag"]

    # all of it is described anew, but for its id and its birth
    details = {
        "model": "Model B",
        "year": 2027,
        "status": "InMaintenance",
        "latitude": 48.8583701,
        "longitude": 2.2944813,
        "nb_passengers": 2,
        "bike_rack": True,
    }
    replaced = api.request("PUT", f"cars/{car_id}", details, headers={"If-Match": found.headers["ETag"]})
    assert replaced.status_code == HTTPStatus.OK, replaced.text
    unchanged = {"car_id": car_id, "created_at": car["created_at"]}
    now = {name: replaced.json()["updated_at"] for name in ("updated_at", "position_at")}
    assert replaced.json() == {**details, **unchanged, **now}
    assert api.request("GET", f"cars/{car_id}").json() == replaced.json()
    assert datetime.fromisoformat(replaced.json()["updated_at"]) > datetime.fromisoformat(car["updated_at"])

    # it drives: what is not named stays
    changed = api.request("PATCH", f"cars/{car_id}", {"status": "InCourse", "latitude": None, "longitude": None})
    assert changed.status_code == HTTPStatus.OK, changed.text
    read = api.request("GET", f"cars/{car_id}").json()
    assert read == changed.json()
    assert (read["status"], read["latitude"], read["model"], read["bike_rack"]) == ("InCourse", None, "Model B", True)

    # it leaves, once
    assert api.request("DELETE", f"cars/{car_id}").status_code == HTTPStatus.NO_CONTENT
    assert api.request("GET", f"cars/{car_id}").status_code == HTTPStatus.NOT_FOUND
    assert api.request("DELETE", f"cars/{car_id}").status_code == HTTPStatus.NOT_FOUND
