from __future__ import annotations

from collections.abc import Mapping

import pytest

from rehearsal.aws.apigateway.http_api import Cors, HttpApi, Route, cors_headers, find_route, preflight_headers
from rehearsal.aws.apigateway.request import ApiRequest

CORS = Cors(("https://a.example", "https://*"), ("GET",), ("x-a",), ("x-b",), 60, allows_credentials=True)


def api(*keys: str, stages: tuple[str, ...] = ("$default",)) -> HttpApi:
    routes = tuple(Route(key=key) for key in keys)
    return HttpApi(api_id="abc", account="1", region="r", routes=routes, stages={name: {} for name in stages})


CARS = api("GET /cars", "ANY /cars", "ANY /cars/{car_id}", "GET /cars/special", "GET /cars/{rest+}", "$default")


@pytest.mark.parametrize(
    ("verb", "path", "key", "values"),
    [
        ("GET", "/cars", "GET /cars", {}),
        ("PUT", "/cars", "ANY /cars", {}),
        ("GET", "/cars/special", "GET /cars/special", {}),
        ("GET", "/cars/7", "ANY /cars/{car_id}", {"car_id": "7"}),
        ("GET", "/cars/a%20b", "ANY /cars/{car_id}", {"car_id": "a b"}),
        ("GET", "/cars/a%2Fb", "GET /cars/{rest+}", {"rest": "a/b"}),
        ("GET", "/elsewhere", "$default", {}),
    ],
)
def test_the_most_specific_route_is_reached(verb: str, path: str, key: str, values: Mapping[str, str]) -> None:
    found = find_route(CARS, verb, path)

    assert found is not None
    assert (found[0].key, found[1]) == (key, values)


def test_no_route_is_reached() -> None:
    assert find_route(api("GET /cars"), "POST", "/cars") is None


def test_without_a_stages_name_the_stage_is_the_default() -> None:
    both = api(stages=("$default", "dev"))

    assert both.place("dev/cars") == ("dev", "/cars")
    assert both.place("dev") == ("dev", "/")
    assert both.place("cars/1") == ("$default", "/cars/1")


def from_page(origin: str) -> ApiRequest:
    return ApiRequest(method="OPTIONS", path="/", headers=(("Origin", origin),))


def test_pages_are_told_what_the_api_declares() -> None:
    told = preflight_headers(CORS, from_page("https://b.example"))

    assert told == {
        "access-control-allow-origin": "https://b.example",
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "x-b",
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "x-a",
        "access-control-max-age": "60",
    }
    assert cors_headers(Cors(("*",)), from_page("http://x")) == {"access-control-allow-origin": "*"}


@pytest.mark.parametrize("cors", [None, CORS])
def test_other_pages_are_told_nothing(cors: Cors | None) -> None:
    assert cors_headers(cors, from_page("http://evil.example")) == {}
    assert cors_headers(cors, ApiRequest(method="GET", path="/")) == {}
