"""What callers of the API rely on, and a release must not change: shapes, status codes, how it says no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
import requests

from integ.api import CarsApi

CAR_FIELDS = {
    "car_id",
    "model",
    "year",
    "status",
    "latitude",
    "longitude",
    "nb_passengers",
    "bike_rack",
    "created_at",
    "updated_at",
}
NEW_CAR = {"model": "Test", "year": 2026}


def _assert_problem(answer: requests.Response, status: HTTPStatus) -> dict[str, Any]:
    """A problem document (RFC 9457) that says the same as the status line."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem


def test_car_has_the_promised_fields_and_defaults(car: dict[str, Any]) -> None:
    assert set(car) == CAR_FIELDS
    assert {name: car[name] for name in ("status", "latitude", "longitude", "nb_passengers", "bike_rack")} == {
        "status": "Available",
        "latitude": None,
        "longitude": None,
        "nb_passengers": 4,
        "bike_rack": False,
    }
    assert datetime.fromisoformat(car["created_at"]).utcoffset() == timedelta(0)
    assert car["created_at"] == car["updated_at"]


def test_creating_a_car_that_exists_is_a_conflict_and_changes_nothing(api: CarsApi, car: dict[str, Any]) -> None:
    answer = api.request("POST", "cars", {"car_id": car["car_id"], "model": "Other", "year": 1999})
    _assert_problem(answer, HTTPStatus.CONFLICT)
    assert api.request("GET", f"cars/{car['car_id']}").json() == car


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("PUT", NEW_CAR), ("PATCH", {"year": 2027}), ("DELETE", None)]
)
def test_car_that_does_not_exist_is_not_found(api: CarsApi, method: str, body: object) -> None:
    _assert_problem(api.request(method, f"cars/e2e-{uuid4()}", body), HTTPStatus.NOT_FOUND)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**NEW_CAR, "colour": "red"}, "body.colour"),
        ({"year": 2026}, "body.model"),
        ({**NEW_CAR, "year": "2026"}, "body.year"),
        ({**NEW_CAR, "year": 1500}, "body.year"),
        ({**NEW_CAR, "status": "Flying"}, "body.status"),
        ({**NEW_CAR, "latitude": 90.5}, "body.latitude"),
        ({**NEW_CAR, "nb_passengers": -1}, "body.nb_passengers"),
        ({**NEW_CAR, "car_id": "no spaces allowed"}, "body.car_id"),
        ("{not json", "body"),
    ],
)
def test_car_that_cannot_be_is_refused_and_the_field_named(api: CarsApi, body: object, field: str) -> None:
    problem = _assert_problem(api.request("POST", "cars", body), HTTPStatus.UNPROCESSABLE_ENTITY)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_change_with_an_unknown_field_is_refused_and_changes_nothing(api: CarsApi, car: dict[str, Any]) -> None:
    answer = api.request("PATCH", f"cars/{car['car_id']}", {"year": 2027, "colour": "red"})
    _assert_problem(answer, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert api.request("GET", f"cars/{car['car_id']}").json() == car


def test_change_of_nothing_is_refused(api: CarsApi, car: dict[str, Any]) -> None:
    _assert_problem(api.request("PATCH", f"cars/{car['car_id']}", {}), HTTPStatus.UNPROCESSABLE_ENTITY)


def test_id_that_no_car_can_have_is_refused(api: CarsApi) -> None:
    _assert_problem(api.request("GET", "cars/-leading-dash"), HTTPStatus.UNPROCESSABLE_ENTITY)


def test_list_comes_in_pages(api: CarsApi, new_car_id: Callable[[], str]) -> None:
    # given
    for _ in range(3):
        made = api.request("POST", "cars", {**NEW_CAR, "car_id": new_car_id()})
        assert made.status_code == HTTPStatus.CREATED, made.text
    # when
    first = api.request("GET", "cars", query={"limit": "1"}).json()
    second = api.request("GET", "cars", query={"limit": "1", "next_token": first["next_token"]}).json()
    # then
    assert set(first) == {"cars", "next_token"}
    assert [len(first["cars"]), len(second["cars"])] == [1, 1]
    assert set(first["cars"][0]) == CAR_FIELDS
    assert first["cars"][0]["car_id"] != second["cars"][0]["car_id"]


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"limit": "many"}, {"next_token": "%"}, {"x": "1"}]
)
def test_list_with_a_query_that_cannot_be_is_refused(api: CarsApi, query: dict[str, str]) -> None:
    _assert_problem(api.request("GET", "cars", query=query), HTTPStatus.UNPROCESSABLE_ENTITY)
