"""Requests that schemathesis makes up from the OpenAPI document, good ones and bad ones, against the real handler.

No answer may be a 5xx, nor one that is not in the document; what the document takes must be taken, what it does not
take refused. Always the same requests, so that who changes nothing breaks nothing.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from service.api.openapi import document
from service.cars.car import NewCar
from service.cars.errors import CarAlreadyExists
from service.cars.repository import CarRepository
from tests.service.api.openapi.gateway import application

CONFIG = schemathesis.Config.from_dict({"checks": {"missing_required_header": {"expected-statuses": [428]}}})
SCHEMA = schemathesis.openapi.from_dict(
    # Where the API is and who may call it is API Gateway's part.
    {**document.document(), "servers": [], "security": []},
    config=CONFIG,
)
SCHEMA.app = application
NUMBERS = itertools.count()


@pytest.fixture
def statuses() -> Iterator[set[int]]:
    """All that one operation answers. None of success would mean that hardly anything was tried."""
    answered: set[int] = set()
    yield answered
    assert answered & {200, 201, 204}


@SCHEMA.parametrize()
@settings(max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_the_document_says(case: Case[Any], repository: CarRepository, statuses: set[int]) -> None:
    with contextlib.suppress(CarAlreadyExists):
        repository.create(NewCar(car_id="car-1", model="Acme 1", year=2024), correlation_id="fuzz")
    if case.meta is not None and case.meta.generation.mode.is_positive:
        use_what_is_there(case)

    statuses.add(case.call_and_validate().status_code)


def use_what_is_there(case: Case[Any]) -> None:
    """What no document can tell: which cars there are, which tags they have, which keys and tokens are good."""
    if "car_id" in case.path_parameters and next(NUMBERS) % 2:
        case.path_parameters["car_id"] = "car-1"
    case.query.pop("next_token", None)
    for name, value in (("If-Match", "*"), ("If-None-Match", '"other"'), ("Idempotency-Key", f"key-{next(NUMBERS)}")):
        if name in case.headers:
            case.headers[name] = value
