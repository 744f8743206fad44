"""What callers of the API rely on, and a release must not change: shapes, status codes, how it says no."""

from __future__ import annotations

import time
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
    "position_at",
}
STALE_TAG = '"1.none"'
SETTLED_SECONDS = 30
"""How long the list of a status may lag behind its cars."""
NOT_SAID = ("status", "latitude", "longitude", "nb_passengers", "bike_rack", "position_at")
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


def test_creating_a_car_that_exists_is_a_conflict_and_changes_nothing(api: CarsApi, car: dict[str, Any]) -> None:
    answer = api.request("POST", "cars", {"car_id": car["car_id"], "model": "Other", "year": 1999})
    _assert_problem(answer, HTTPStatus.CONFLICT)
    assert api.request("GET", f"cars/{car['car_id']}").json() == car


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("PUT", NEW_CAR), ("PATCH", {"year": 2027}), ("DELETE", None)]
)
def test_car_that_does_not_exist_is_not_found(api: CarsApi, method: str, body: object) -> None:
    if_match = {"If-Match": "*"} if method == "PUT" else {}
    answer = api.request(method, f"cars/e2e-{uuid4()}", body, headers=if_match)
    _assert_problem(answer, HTTPStatus.NOT_FOUND)


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
        ({**NEW_CAR, "model": "bell\u0007"}, "body.model"),
        ({**NEW_CAR, "model": "m" * 101}, "body.model"),
        ('{"model": "Test", "year": 2026, "year": 2027}', "body.year"),
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
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "many"}, {"next_token": "%"}, {"status": "Flying"}, {"x": "1"}],
)
def test_list_with_a_query_that_cannot_be_is_refused(api: CarsApi, query: dict[str, str]) -> None:
    _assert_problem(api.request("GET", "cars", query=query), HTTPStatus.UNPROCESSABLE_ENTITY)


def test_token_that_was_tampered_with_is_refused(api: CarsApi, new_car_id: Callable[[], str]) -> None:
    for _ in range(2):
        made = api.request("POST", "cars", {**NEW_CAR, "car_id": new_car_id()})
        assert made.status_code == HTTPStatus.CREATED, made.text
    token: str = api.request("GET", "cars", query={"limit": "1"}).json()["next_token"]
    other = ("A" if token[20] != "A" else "B").join((token[:20], token[21:]))

    _assert_problem(api.request("GET", "cars", query={"next_token": other}), HTTPStatus.UNPROCESSABLE_ENTITY)


def test_cars_of_a_status_are_found_by_it(api: CarsApi, new_car_id: Callable[[], str]) -> None:
    # given cars of two statuses
    status_of = {new_car_id(): status for status in ("InMaintenance", "OutOfService", "InMaintenance")}
    for car_id, status in status_of.items():
        made = api.request("POST", "cars", {**NEW_CAR, "car_id": car_id, "status": status})
        assert made.status_code == HTTPStatus.CREATED, made.text

    # then the list of one, which may lag behind by moments, has those of it and no other
    expected = {car_id for car_id, status in status_of.items() if status == "InMaintenance"}
    deadline = time.monotonic() + SETTLED_SECONDS
    while not expected <= (found := _cars_of(api, "InMaintenance")).keys() and time.monotonic() < deadline:
        time.sleep(1)
    assert expected <= found.keys()
    assert set(found.values()) == {"InMaintenance"}


def _cars_of(api: CarsApi, status: str) -> dict[str, str]:
    """Status by id of every car that the list of `status` has, page by page."""
    found: dict[str, str] = {}
    query = {"status": status, "limit": "100"}
    while True:
        answer = api.request("GET", "cars", query=query)
        assert answer.status_code == HTTPStatus.OK, answer.text
        page = answer.json()
        found |= {car["car_id"]: car["status"] for car in page["cars"]}
        if page["next_token"] is None:
            return found
        query["next_token"] = page["next_token"]


@pytest.mark.parametrize(("method", "body"), [("PUT", NEW_CAR), ("PATCH", {"year": 2027}), ("DELETE", None)])
def test_change_of_a_car_that_has_changed_meanwhile_is_refused(
    api: CarsApi, car: dict[str, Any], method: str, body: object
) -> None:
    path = f"cars/{car['car_id']}"
    seen = api.request("GET", path).headers["ETag"]
    changed = api.request("PATCH", path, {"status": "InCourse"}, headers={"If-Match": seen})
    assert changed.status_code == HTTPStatus.OK, changed.text

    for tag in (seen, STALE_TAG):
        _assert_problem(api.request(method, path, body, headers={"If-Match": tag}), HTTPStatus.PRECONDITION_FAILED)
    assert api.request("GET", path).json() == changed.json()


def test_replacement_unseen_is_refused(api: CarsApi, car: dict[str, Any]) -> None:
    answer = api.request("PUT", f"cars/{car['car_id']}", NEW_CAR)
    _assert_problem(answer, HTTPStatus.PRECONDITION_REQUIRED)
    assert api.request("GET", f"cars/{car['car_id']}").json() == car


def test_car_that_the_caller_has_is_not_sent_again(api: CarsApi, car: dict[str, Any]) -> None:
    path = f"cars/{car['car_id']}"
    tag = api.request("GET", path).headers["ETag"]

    again = api.request("GET", path, headers={"If-None-Match": tag})

    assert (again.status_code, again.content, again.headers["ETag"]) == (HTTPStatus.NOT_MODIFIED, b"", tag)
    assert api.request("GET", path, headers={"If-None-Match": STALE_TAG}).json() == car


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
    _assert_problem(other, HTTPStatus.CONFLICT)


def test_merge_patch_changes_what_it_names_and_removes_what_is_null(api: CarsApi, car: dict[str, Any]) -> None:
    path = f"cars/{car['car_id']}"
    merge_patch = {"Content-Type": "application/merge-patch+json"}

    placed = api.request("PATCH", path, {"latitude": 1.5, "longitude": 2.5}, headers=merge_patch).json()
    lost = api.request("PATCH", path, {"latitude": None, "longitude": None}, headers=merge_patch).json()

    assert (placed["latitude"], placed["longitude"], placed["model"]) == (1.5, 2.5, car["model"])
    assert {**lost, "updated_at": None, "position_at": None} == {**car, "updated_at": None, "position_at": None}


@pytest.mark.parametrize("name", ["model", "year", "status", "nb_passengers", "bike_rack"])
def test_merge_patch_cannot_remove_what_every_car_has(api: CarsApi, car: dict[str, Any], name: str) -> None:
    answer = api.request("PATCH", f"cars/{car['car_id']}", {name: None})
    _assert_problem(answer, HTTPStatus.UNPROCESSABLE_ENTITY)


def test_body_of_another_content_type_is_refused(api: CarsApi) -> None:
    answer = api.request("POST", "cars", "model=Test", headers={"Content-Type": "application/x-www-form-urlencoded"})
    _assert_problem(answer, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def test_body_that_is_too_large_is_refused(api: CarsApi) -> None:
    answer = api.request("POST", "cars", {**NEW_CAR, "model": "m" * 20_000})
    _assert_problem(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def test_requests_are_told_by_the_callers_own_id(api: CarsApi) -> None:
    own = f"e2e-{uuid4()}"
    answer = api.request("GET", "cars", query={"limit": "1"}, headers={"X-Correlation-Id": own})
    assert answer.headers["X-Correlation-Id"] == own
    assert api.request("GET", "cars", query={"limit": "1"}).headers["X-Correlation-Id"]


def test_car_that_never_was_has_no_notifications(api: CarsApi) -> None:
    answer = api.request("GET", f"cars/e2e-{uuid4()}/notifications")
    assert answer.json() == {"notifications": [], "next_token": None}


def test_document_describes_the_routes(api: CarsApi) -> None:
    answer = api.request("GET", "openapi.json")

    assert answer.json()["openapi"].startswith("3.1")
    assert {path: set(item) - {"parameters"} for path, item in answer.json()["paths"].items()} == {
        "/cars": {"get", "post"},
        "/cars/{car_id}": {"get", "put", "patch", "delete"},
        "/cars/{car_id}/notifications": {"get"},
        "/openapi.json": {"get"},
    }
    tag = answer.headers["ETag"]
    assert api.request("GET", "openapi.json", headers={"If-None-Match": tag}).status_code == HTTPStatus.NOT_MODIFIED
