"""The API, through its handler, with events as API Gateway sends them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.api.runtime import handler, routes
from service.cars.repository import CarRepository
from tests.service.conftest import FakeContext, load_event

POSITION = {"latitude": 52.5200066, "longitude": 13.404954}
DETAILS = {"model": "Acme 1", "year": 2024, **POSITION}


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, list[str]]


class Api:
    def __init__(self, context: FakeContext) -> None:
        self._context = context

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        text: str | None = None,
        query: dict[str, str] | None = None,
        **changed: object,
    ) -> Answer:
        event = load_event("api-gateway-rest")
        is_car = path.startswith("/cars/")
        event |= {
            "httpMethod": method,
            "path": path,
            "resource": "/cars/{car_id}" if is_car else path,
            "pathParameters": {"car_id": path.removeprefix("/cars/")} if is_car else None,
            "body": text if text is not None else json.dumps(body) if body is not None else None,
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
            **changed,
        }
        event["requestContext"] |= {"httpMethod": method, "resourcePath": event["resource"]}
        answer = handler.handle(event, self._context)
        content = answer["body"]
        return Answer(answer["statusCode"], json.loads(content) if content else None, answer["multiValueHeaders"])


@pytest.fixture
def api(aws: None, context: FakeContext) -> Api:
    return Api(context)


@pytest.fixture
def car_id(api: Api) -> str:
    api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS})
    return "car-1"


def test_create_answers_the_car_and_where_it_is(api: Api) -> None:
    answer = api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS})

    assert answer.status == 201
    assert answer.headers["Location"] == ["/cars/car-1"]
    assert answer.body == {
        "car_id": "car-1",
        **DETAILS,
        "status": "Available",
        "nb_passengers": 4,
        "bike_rack": False,
        "created_at": answer.body["created_at"],
        "updated_at": answer.body["created_at"],
    }
    assert api.call("GET", "/cars/car-1").body == answer.body


def test_create_makes_up_an_id_when_the_caller_brings_none(api: Api) -> None:
    first, second = (api.call("POST", "/cars", body=DETAILS).body["car_id"] for _ in range(2))

    assert first != second
    assert api.call("GET", f"/cars/{first}").status == 200


def test_create_is_a_conflict_and_changes_nothing_when_the_id_is_taken(api: Api, car_id: str) -> None:
    answer = api.call("POST", "/cars", body={"car_id": car_id, "model": "Other", "year": 2020})

    assert answer.status == 409
    assert answer.headers["Content-Type"] == ["application/problem+json"]
    assert answer.body["title"] == "Conflict"
    assert api.call("GET", f"/cars/{car_id}").body["model"] == "Acme 1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"year": 2024}, "body.model"),
        ({**DETAILS, "wings": 2}, "body.wings"),
        ({**DETAILS, "year": "2024"}, "body.year"),
        ({**DETAILS, "year": 1800}, "body.year"),
        ({**DETAILS, "status": "Flying"}, "body.status"),
        ({**DETAILS, "latitude": 90.1}, "body.latitude"),
        ({**DETAILS, "car_id": "../etc"}, "body.car_id"),
        ({**DETAILS, "car_id": "a" * 65}, "body.car_id"),
        ({**DETAILS, "car_id": ""}, "body.car_id"),
        ({**DETAILS, "bike_rack": 1}, "body.bike_rack"),
        ({**DETAILS, "created_at": "2024-01-01T00:00:00Z"}, "body.created_at"),
        ([], "body"),
    ],
)
def test_create_refuses_by_field(api: Api, body: object, field: str) -> None:
    answer = api.call("POST", "/cars", body=body)

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == [field]


@pytest.mark.parametrize(
    "text", ["", "{", "null", '"x"', "NaN", "[" * 100_000, "1" * 10_000, '{"model": "\\ud800", "year": 2024}']
)
def test_create_refuses_what_is_no_json_object(api: Api, text: str) -> None:
    assert api.call("POST", "/cars", text=text).status == 422


def test_create_reads_a_body_that_api_gateway_encoded(api: Api) -> None:
    text = base64.b64encode(json.dumps({"car_id": "car-1", **DETAILS}).encode()).decode()

    assert api.call("POST", "/cars", text=text, isBase64Encoded=True).status == 201


def test_list_goes_through_all_cars_page_by_page(api: Api) -> None:
    for number in range(5):
        api.call("POST", "/cars", body={"car_id": f"car-{number}", **DETAILS})

    pages = []
    query = {"limit": "2"}
    while True:
        answer = api.call("GET", "/cars", query=query)
        pages.append([car["car_id"] for car in answer.body["cars"]])
        if answer.body["next_token"] is None:
            break
        query = {"limit": "2", "next_token": answer.body["next_token"]}

    assert [len(page) for page in pages if page] == [2, 2, 1]
    assert sorted(car_id for page in pages for car_id in page) == [f"car-{number}" for number in range(5)]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "many"},
        {"colour": "red"},
        {"next_token": "???"},
        {"next_token": "Li4v"},
        {"next_token": "é"},
        {"next_token": ""},
    ],
)
def test_list_refuses_a_query_that_it_does_not_know(api: Api, query: dict[str, str]) -> None:
    assert api.call("GET", "/cars", query=query).status == 422


def test_put_replaces_every_detail(api: Api, car_id: str) -> None:
    before = api.call("GET", f"/cars/{car_id}").body

    answer = api.call("PUT", f"/cars/{car_id}", body={"model": "Acme 2", "year": 2025})

    assert answer.status == 200
    assert answer.body == {
        "car_id": car_id,
        "model": "Acme 2",
        "year": 2025,
        "status": "Available",
        "latitude": None,
        "longitude": None,
        "nb_passengers": 4,
        "bike_rack": False,
        "created_at": before["created_at"],
        "updated_at": answer.body["updated_at"],
    }
    assert answer.body["updated_at"] > before["updated_at"]
    assert api.call("GET", f"/cars/{car_id}").body == answer.body


def test_patch_changes_only_what_it_names(api: Api, car_id: str) -> None:
    before = api.call("GET", f"/cars/{car_id}").body

    answer = api.call("PATCH", f"/cars/{car_id}", body={"status": "InCourse", "latitude": None})

    assert answer.status == 200
    changed = {"status": "InCourse", "latitude": None, "updated_at": answer.body["updated_at"]}
    assert answer.body == {**before, **changed}
    assert api.call("GET", f"/cars/{car_id}").body == answer.body


@pytest.mark.parametrize("body", [{}, {"wings": 2}, {"model": None}, {"car_id": "car-2"}, {"year": 0}, {"model": ""}])
def test_patch_refuses(api: Api, car_id: str, body: dict[str, object]) -> None:
    assert api.call("PATCH", f"/cars/{car_id}", body=body).status == 422


def test_delete_removes_the_car(api: Api, car_id: str) -> None:
    answer = api.call("DELETE", f"/cars/{car_id}")

    assert (answer.status, answer.body) == (204, None)
    assert api.call("GET", f"/cars/{car_id}").status == 404


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("PUT", DETAILS), ("PATCH", {"year": 2025}), ("DELETE", None)]
)
def test_a_missing_car_is_not_found_and_not_made(api: Api, method: str, body: object) -> None:
    answer = api.call(method, "/cars/nobody", body=body)

    assert answer.status == 404
    assert answer.body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no car 'nobody'.",
    }
    assert api.call("GET", "/cars").body["cars"] == []


@pytest.mark.parametrize("car_id", ["..", "a.b", "-a", "a%2Fb", "%E2%82%AC", "a" * 65])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_id_that_cannot_be_one_is_refused(api: Api, method: str, car_id: str) -> None:
    assert api.call(method, f"/cars/{car_id}").status in (404, 422)


def test_an_unknown_route_is_not_found_as_a_problem(api: Api) -> None:
    answer = api.call("GET", "/bikes")

    assert answer.status == 404
    assert answer.headers["Content-Type"] == ["application/problem+json"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path=st.sampled_from(["/cars", "/cars/car-1"]) | st.text().map(lambda text: f"/cars/{text}"),
    text=st.none() | st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps),
    query=st.none() | st.dictionaries(st.sampled_from(["limit", "next_token", "x"]), st.text()),
    content_type=st.sampled_from(["application/json", "multipart/form-data", "text/plain", ""]),
)
def test_no_request_of_a_caller_is_an_error_of_the_function(
    api: Api, method: str, path: str, text: str | None, query: dict[str, str] | None, content_type: str
) -> None:
    headers = {"Content-Type": content_type}

    answer = api.call(method, path, text=text, query=query, headers=headers, multiValueHeaders=None)

    assert 200 <= answer.status < 500


def test_an_answer_of_5xx_is_raised_for_the_canary_to_see(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler.app, "resolve", lambda event, context: {"statusCode": 503, "body": "Later."})

    with pytest.raises(handler.ServerErrorAnswered, match="GET /cars/car-1 was about to be answered 503"):
        api.call("GET", "/cars/car-1")


def test_an_unexpected_error_is_raised_for_the_canary_to_see(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: CarRepository, car_id: str) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(CarRepository, "get", broken)

    with pytest.raises(ZeroDivisionError):
        api.call("GET", "/cars/car-1")


def test_a_missing_setting_is_named(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    routes.repository.cache_clear()
    monkeypatch.delenv("CARS_TABLE_NAME")

    with pytest.raises(RuntimeError, match="Environment variable CARS_TABLE_NAME is not set"):
        api.call("GET", "/cars")
