"""How the API says no: each refusal that a caller can cause, of each operation, and that nothing has changed by it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest

from integ.api import CarsApi, problem_of
from integ.car import NEW_CAR
from integ.test_api_contract import STALE_TAG

NOBODY = "cars/e2e-nobody"
CHANGE = {"year": 2027}
ANY_TAG = {"If-Match": "*"}
keeps = pytest.mark.keeps


@keeps("create_car 409")
def test_creating_a_car_that_exists_is_a_conflict_and_changes_nothing(api: CarsApi, car: dict[str, Any]) -> None:
    answer = api.request("POST", "cars", {"car_id": car["car_id"], "model": "Other", "year": 1999})
    problem_of(answer, HTTPStatus.CONFLICT)
    assert api.request("GET", f"cars/{car['car_id']}").json() == car


@pytest.mark.parametrize(
    ("method", "body"),
    [
        pytest.param("GET", None, marks=keeps("get_car 404")),
        pytest.param("PUT", NEW_CAR, marks=keeps("replace_car 404")),
        pytest.param("PATCH", CHANGE, marks=keeps("change_car 404")),
        pytest.param("DELETE", None, marks=keeps("delete_car 404")),
    ],
)
def test_car_that_does_not_exist_is_not_found(api: CarsApi, method: str, body: object) -> None:
    answer = api.request(method, f"cars/e2e-{uuid4()}", body, headers=ANY_TAG if method == "PUT" else {})
    problem_of(answer, HTTPStatus.NOT_FOUND)


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
@keeps("create_car 422")
def test_car_that_cannot_be_is_refused_and_the_field_named(api: CarsApi, body: object, field: str) -> None:
    problem = problem_of(api.request("POST", "cars", body), HTTPStatus.UNPROCESSABLE_ENTITY)
    assert [error["field"] for error in problem["errors"]] == [field]


@keeps("change_car 422")
def test_change_with_an_unknown_field_is_refused_and_changes_nothing(api: CarsApi, car: dict[str, Any]) -> None:
    answer = api.request("PATCH", f"cars/{car['car_id']}", {**CHANGE, "colour": "red"})
    problem_of(answer, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert api.request("GET", f"cars/{car['car_id']}").json() == car


@keeps("replace_car 422")
def test_replacement_by_what_is_no_car_is_refused_and_changes_nothing(api: CarsApi, car: dict[str, Any]) -> None:
    answer = api.request("PUT", f"cars/{car['car_id']}", {"year": 2027}, headers=ANY_TAG)
    problem = problem_of(answer, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert [error["field"] for error in problem["errors"]] == ["body.model"]
    assert api.request("GET", f"cars/{car['car_id']}").json() == car


@keeps("change_car 422")
def test_change_of_nothing_is_refused(api: CarsApi, car: dict[str, Any]) -> None:
    problem_of(api.request("PATCH", f"cars/{car['car_id']}", {}), HTTPStatus.UNPROCESSABLE_ENTITY)


@pytest.mark.parametrize("name", ["model", "year", "status", "nb_passengers", "bike_rack"])
@keeps("change_car 422")
def test_merge_patch_cannot_remove_what_every_car_has(api: CarsApi, car: dict[str, Any], name: str) -> None:
    answer = api.request("PATCH", f"cars/{car['car_id']}", {name: None})
    problem_of(answer, HTTPStatus.UNPROCESSABLE_ENTITY)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("GET", "cars/-leading-dash", None, marks=keeps("get_car 422")),
        pytest.param("PUT", "cars/e2e-no.dots", NEW_CAR, marks=keeps("replace_car 422")),
        pytest.param("PATCH", "cars/e2e-no.dots", CHANGE, marks=keeps("change_car 422")),
        pytest.param("DELETE", "cars/e2e-no.dots", None, marks=keeps("delete_car 422")),
        pytest.param("GET", "cars/-leading-dash/notifications", None, marks=keeps("list_notifications 422")),
    ],
)
def test_id_that_no_car_can_have_is_refused(api: CarsApi, method: str, path: str, body: object) -> None:
    answer = api.request(method, path, body, headers=ANY_TAG if method == "PUT" else {})
    problem = problem_of(answer, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert [error["field"] for error in problem["errors"]] == ["path.car_id"]


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "many"}, {"next_token": "%"}, {"status": "Flying"}, {"x": "1"}],
)
@keeps("list_cars 422")
def test_list_with_a_query_that_cannot_be_is_refused(api: CarsApi, query: dict[str, str]) -> None:
    problem_of(api.request("GET", "cars", query=query), HTTPStatus.UNPROCESSABLE_ENTITY)


@pytest.mark.parametrize("query", [{"limit": "0"}, {"next_token": "%"}, {"status": "Available"}])
@keeps("list_notifications 422")
def test_notifications_with_a_query_that_cannot_be_are_refused(api: CarsApi, query: dict[str, str]) -> None:
    problem_of(api.request("GET", f"{NOBODY}/notifications", query=query), HTTPStatus.UNPROCESSABLE_ENTITY)


@keeps("get_document 422", "get_car 422")
def test_tag_that_is_none_is_refused(api: CarsApi, car: dict[str, Any]) -> None:
    for path in ("openapi.json", f"cars/{car['car_id']}"):
        answer = api.request("GET", path, headers={"If-None-Match": "no quotes"})
        problem_of(answer, HTTPStatus.UNPROCESSABLE_ENTITY)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        pytest.param("PUT", NEW_CAR, marks=keeps("replace_car 412")),
        pytest.param("PATCH", CHANGE, marks=keeps("change_car 412")),
        pytest.param("DELETE", None, marks=keeps("delete_car 412")),
    ],
)
def test_change_of_a_car_that_has_changed_meanwhile_is_refused(
    api: CarsApi, car: dict[str, Any], method: str, body: object
) -> None:
    path = f"cars/{car['car_id']}"
    seen = api.request("GET", path).headers["ETag"]
    changed = api.request("PATCH", path, {"status": "InCourse"}, headers={"If-Match": seen})
    assert changed.status_code == HTTPStatus.OK, changed.text

    for tag in (seen, STALE_TAG):
        problem_of(api.request(method, path, body, headers={"If-Match": tag}), HTTPStatus.PRECONDITION_FAILED)
    assert api.request("GET", path).json() == changed.json()


@keeps("replace_car 428")
def test_replacement_unseen_is_refused(api: CarsApi, car: dict[str, Any]) -> None:
    answer = api.request("PUT", f"cars/{car['car_id']}", NEW_CAR)
    problem_of(answer, HTTPStatus.PRECONDITION_REQUIRED)
    assert api.request("GET", f"cars/{car['car_id']}").json() == car


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("POST", "cars", marks=keeps("create_car 415")),
        pytest.param("PUT", NOBODY, marks=keeps("replace_car 415")),
        pytest.param("PATCH", NOBODY, marks=keeps("change_car 415")),
    ],
)
def test_body_of_another_content_type_is_refused(api: CarsApi, method: str, path: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", **(ANY_TAG if method == "PUT" else {})}
    problem_of(api.request(method, path, "model=Test", headers=headers), HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("POST", "cars", marks=keeps("create_car 413")),
        pytest.param("PUT", NOBODY, marks=keeps("replace_car 413")),
        pytest.param("PATCH", NOBODY, marks=keeps("change_car 413")),
    ],
)
def test_body_that_is_too_large_is_refused(api: CarsApi, method: str, path: str) -> None:
    too_large = {**NEW_CAR, "model": "m" * 20_000}
    answer = api.request(method, path, too_large, headers=ANY_TAG if method == "PUT" else {})
    problem_of(answer, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
