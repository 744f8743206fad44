"""Who may call the API: who signs with the right to, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from botocore.credentials import Credentials

from integ.api import CarsApi
from integ.conftest import Target

ROUTES = [
    ("GET", "cars"),
    ("POST", "cars"),
    ("GET", "cars/e2e-nobody"),
    ("PUT", "cars/e2e-nobody"),
    ("PATCH", "cars/e2e-nobody"),
    ("DELETE", "cars/e2e-nobody"),
    ("GET", "cars/e2e-nobody/notifications"),
    ("GET", "openapi.json"),
]


@pytest.fixture(scope="module")
def unsigned(target: Target) -> Iterator[CarsApi]:
    client = CarsApi(target.api_url, region=target.region, credentials=None)
    yield client
    client.close()


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_request_that_nobody_signed_is_forbidden(unsigned: CarsApi, method: str, path: str) -> None:
    body = None if method in ("GET", "DELETE") else {"model": "Test", "year": 2026}
    assert unsigned.request(method, path, body).status_code == HTTPStatus.FORBIDDEN


def test_request_that_a_stranger_signed_is_forbidden(target: Target) -> None:
    stranger = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    client = CarsApi(target.api_url, region=target.region, credentials=stranger)
    assert client.request("GET", "cars").status_code == HTTPStatus.FORBIDDEN
    client.close()
