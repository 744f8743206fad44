"""The path that the resolver is given: that of API Gateway's resource, whatever path the caller has written."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.openapi.routes import ROUTES, Route
from service.api.runtime.resolver import NO_ID, NOWHERE, app, resolvable
from tests.service.api.recorded.requests import CAR, event_of, request

PATH_OF_A_CAR = next(route for route in app._dynamic_routes if route.openapi_path == CAR).rule


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.resource}")
@pytest.mark.parametrize("path", ["/", "/v1/cars/car-1//", "/bikes", "/openapi.json"])
def test_path_is_that_of_the_resource_whatever_the_caller_has_written(route: Route, path: str) -> None:
    found = resolvable(event_of(request(route.method, route.resource, path=path)))

    assert found["path"] == route.resource.replace("{car_id}", "car-1")


@pytest.mark.parametrize(("method", "resource"), [("HEAD", "/cars"), ("get", "/cars"), ("GET", "/cars/"), ("GET", "")])
def test_what_api_gateway_lets_through_no_request_for_leads_nowhere(method: str, resource: str) -> None:
    assert resolvable(event_of(request(method, resource)))["path"] == NOWHERE


@given(st.text())
def test_every_id_is_matched_and_is_the_same_when_it_is_decoded(car_id: str) -> None:
    path = resolvable(event_of(request("GET", CAR, car_id=car_id)))["path"]

    matched = PATH_OF_A_CAR.fullmatch(path)
    assert matched is not None
    assert unquote(matched["car_id"]) == (unquote(car_id) or NO_ID)
