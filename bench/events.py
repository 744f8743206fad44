"""Events as Lambda hands them to the functions, made from the real ones of tests/events."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from service.packaging.bundling import PROJECT

Event = dict[str, Any]

CAR = {
    "model": "Acme 1",
    "year": 2024,
    "status": "Available",
    "latitude": 52.5200066,
    "longitude": 13.404954,
    "nb_passengers": 4,
    "bike_rack": True,
}


def recorded(name: str) -> Event:
    event: Event = json.loads((PROJECT / "tests" / "events" / f"{name}.json").read_text())
    return event


def create() -> Event:
    """POST /cars of a car whose id the service makes up."""
    return {**recorded("api-gateway-rest"), "body": json.dumps(CAR)}


def get(car_id: str) -> Event:
    return _read("/cars/{car_id}", path_parameters={"car_id": car_id})


def list_20() -> Event:
    return _read("/cars", query={"limit": "20"})


def _read(
    resource: str, *, path_parameters: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None
) -> Event:
    event = copy.deepcopy(recorded("api-gateway-rest"))
    event.update(
        resource=resource,
        path=resource.format_map(path_parameters or {}),
        httpMethod="GET",
        body=None,
        pathParameters=dict(path_parameters) if path_parameters else None,
        queryStringParameters=dict(query) if query else None,
        multiValueQueryStringParameters={name: [value] for name, value in query.items()} if query else None,
    )
    event["requestContext"].update(resourcePath=resource, httpMethod="GET")
    return event
