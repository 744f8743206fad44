"""What callers of the API rely on, and a release must not change: the shapes of answers, tags, what is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest

from integ.api import CarsApi, problem_of
from integ.car import CAR_FIELDS, NEW_CAR
from integ.promises import api_document

STALE_TAG = '"1.none"'
NOT_SAID = ("status", "latitude", "longitude", "nb_passengers", "bike_rack", "position_at")


def test_car_has_the_promised_fields_and_defaults(car: dict[str, Any]) -> None:
    assert set(car) == CAR_FIELDS
    assert {name: car[name] for name in NOT_SAID} == {
        "status": "Available",
        "latitude": None,
        "longitude": None,
        "nb_passengers": 4,
        "bike_rack": False,
        "position_at": None,
    }
    assert datetime.fromisoformat(car["created_at"]).utcoffset() == timedelta(0)
    assert car["created_at"] == car["updated_at"]


@pytest.mark.keeps("get_car 304")
def test_car_that_the_caller_has_is_not_sent_again(api: CarsApi, car: dict[str, Any]) -> None:
    path = f"cars/{car['car_id']}"
    tag = api.request("GET", path).headers["ETag"]

    again = api.request("GET", path, headers={"If-None-Match": tag})

    assert (again.status_code, again.content, again.headers["ETag"]) == (HTTPStatus.NOT_MODIFIED, b"", tag)
    assert api.request("GET", path, headers={"If-None-Match": STALE_TAG}).json() == car


@pytest.mark.keeps("create_car 409")
def test_creation_sent_again_makes_no_second_car(api: CarsApi, new_car_id: Callable[[], str]) -> None:
    # given
    once = {"Idempotency-Key": str(uuid4())}
    new_car = {**NEW_CAR, "car_id": new_car_id()}
    first = api.request("POST", "cars", new_car, headers=once)
    assert first.status_code == HTTPStatus.CREATED, first.text
    # when it is sent again, and then with another body
    again = api.request("POST", "cars", new_car, headers=once)
    other = api.request("POST", "cars", {**new_car, "year": 2027}, headers=once)
    # then
    assert (again.status_code, again.json()) == (HTTPStatus.CREATED, first.json())
    problem_of(other, HTTPStatus.CONFLICT)


def test_merge_patch_changes_what_it_names_and_removes_what_is_null(api: CarsApi, car: dict[str, Any]) -> None:
    path = f"cars/{car['car_id']}"
    merge_patch = {"Content-Type": "application/merge-patch+json"}

    placed = api.request("PATCH", path, {"latitude": 1.5, "longitude": 2.5}, headers=merge_patch).json()
    lost = api.request("PATCH", path, {"latitude": None, "longitude": None}, headers=merge_patch).json()

    assert (placed["latitude"], placed["longitude"], placed["model"]) == (1.5, 2.5, car["model"])
    assert {**lost, "updated_at": None, "position_at": None} == {**car, "updated_at": None, "position_at": None}


def test_requests_are_told_by_the_callers_own_id(api: CarsApi) -> None:
    own = f"e2e-{uuid4()}"
    answer = api.request("GET", "cars", query={"limit": "1"}, headers={"X-Correlation-Id": own})
    assert answer.headers["X-Correlation-Id"] == own
    assert api.request("GET", "cars", query={"limit": "1"}).headers["X-Correlation-Id"]


@pytest.mark.keeps("get_document 200", "get_document 304")
def test_document_is_the_one_that_is_promised(api: CarsApi) -> None:
    answer = api.request("GET", "openapi.json")

    assert answer.json() == api_document()
    tag = answer.headers["ETag"]
    assert api.request("GET", "openapi.json", headers={"If-None-Match": tag}).status_code == HTTPStatus.NOT_MODIFIED
