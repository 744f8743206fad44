"""Who may call the API: who signs with the right to, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import pytest
from botocore.credentials import Credentials

from integ.api import CarsApi
from integ.car import NEW_CAR

keeps = pytest.mark.keeps
CallerWith = Callable[[Credentials | None], CarsApi]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "cars", marks=keeps("list_cars 403")),
        pytest.param("POST", "cars", marks=keeps("create_car 403")),
        pytest.param("GET", "cars/e2e-nobody", marks=keeps("get_car 403")),
        pytest.param("PUT", "cars/e2e-nobody", marks=keeps("replace_car 403")),
        pytest.param("PATCH", "cars/e2e-nobody", marks=keeps("change_car 403")),
        pytest.param("DELETE", "cars/e2e-nobody", marks=keeps("delete_car 403")),
        pytest.param("GET", "cars/e2e-nobody/notifications", marks=keeps("list_notifications 403")),
        pytest.param("GET", "openapi.json", marks=keeps("get_document 403")),
    ],
)
def test_request_that_nobody_signed_is_forbidden(caller_with: CallerWith, method: str, path: str) -> None:
    unsigned = caller_with(None)
    body = {"POST": {**NEW_CAR, "car_id": "e2e-nobody"}, "PUT": NEW_CAR, "PATCH": NEW_CAR}.get(method)
    assert unsigned.request(method, path, body).status_code == HTTPStatus.FORBIDDEN


def test_request_that_a_stranger_signed_is_forbidden(caller_with: CallerWith) -> None:
    stranger = caller_with(Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
    assert stranger.request("GET", "cars").status_code == HTTPStatus.FORBIDDEN
