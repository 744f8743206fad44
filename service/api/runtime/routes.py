"""The API's resources: each route parses its request, asks the repository, and answers.

Bodies are parsed by pydantic from the raw text, and nowhere else: no request that a caller can send may end in an
exception that is not a problem document.
"""

from __future__ import annotations

import base64
import binascii
import functools
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote

import boto3
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from service.api.runtime.problems import InvalidRequest
from service.cars.car import Car, CarChanges, CarDetails, CarId, NewCar
from service.cars.errors import InvalidPageToken
from service.cars.repository import CarRepository
from service.cars.settings import Setting, read

Shape = TypeVar("Shape", bound=BaseModel)
CAR_ID = TypeAdapter(CarId)


class ListQuery(BaseModel):
    """GET /cars: `limit` cars of a page, `next_token` as the page before answered it."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    next_token: Annotated[str, Field(max_length=200)] | None = None


@functools.cache
def repository() -> CarRepository:
    return CarRepository(boto3.client("dynamodb"), read(Setting.CARS_TABLE_NAME))


def register(app: APIGatewayRestResolver) -> None:
    """Adds the routes of /cars and /cars/{car_id} to `app`."""

    @app.post("/cars")
    def create_car() -> Response[str]:
        car = repository().create(_body(app, NewCar))
        return _answer(HTTPStatus.CREATED, car.model_dump_json(), Location=f"/cars/{car.car_id}")

    @app.get("/cars")
    def list_cars() -> Response[str]:
        """{"cars": [car, …], "next_token": str | null}"""
        query = _query(app)
        after = _car_id_of(query.next_token) if query.next_token is not None else None
        page = repository().list(limit=query.limit, after_car_id=after)
        next_token = _token_of(page.last_car_id) if page.last_car_id is not None else None
        return _answer(HTTPStatus.OK, _Page(cars=page.cars, next_token=next_token).model_dump_json())

    @app.get("/cars/<car_id>")
    def get_car(car_id: str) -> Response[str]:
        return _answer(HTTPStatus.OK, repository().get(_car_id(car_id)).model_dump_json())

    @app.put("/cars/<car_id>")
    def replace_car(car_id: str) -> Response[str]:
        car = repository().replace(_car_id(car_id), _body(app, CarDetails))
        return _answer(HTTPStatus.OK, car.model_dump_json())

    @app.patch("/cars/<car_id>")
    def change_car(car_id: str) -> Response[str]:
        car = repository().change(_car_id(car_id), _body(app, CarChanges))
        return _answer(HTTPStatus.OK, car.model_dump_json())

    @app.delete("/cars/<car_id>")
    def delete_car(car_id: str) -> Response[str]:
        repository().delete(_car_id(car_id))
        return Response(status_code=HTTPStatus.NO_CONTENT.value, body="")


class _Page(BaseModel):
    cars: tuple[Car, ...]
    next_token: str | None


def _answer(status: HTTPStatus, body: str, **headers: str) -> Response[str]:
    return Response(
        status_code=status.value, content_type=content_types.APPLICATION_JSON, body=body, headers={**headers}
    )


def _body(app: APIGatewayRestResolver, shape: type[Shape]) -> Shape:
    event = app.current_event
    text: str | bytes = event.body or ""
    if event.is_base64_encoded:
        text = base64.b64decode(text)
    try:
        return shape.model_validate_json(text)
    except ValidationError as exc:
        raise InvalidRequest("body", exc) from exc


def _query(app: APIGatewayRestResolver) -> ListQuery:
    parameters: dict[str, Any] = app.current_event.query_string_parameters or {}
    try:
        return ListQuery.model_validate(parameters)
    except ValidationError as exc:
        raise InvalidRequest("query", exc) from exc


def _car_id(path_parameter: str) -> str:
    try:
        return CAR_ID.validate_python(unquote(path_parameter))
    except ValidationError as exc:
        raise InvalidRequest("path", exc) from exc


def _token_of(car_id: str) -> str:
    return base64.urlsafe_b64encode(car_id.encode()).decode()


def _car_id_of(next_token: str) -> str:
    """Raises InvalidPageToken unless `_token_of` made it."""
    try:
        car_id = CAR_ID.validate_python(base64.b64decode(next_token.encode(), altchars=b"-_", validate=True).decode())
    except (binascii.Error, UnicodeDecodeError, ValidationError) as exc:
        raise InvalidPageToken from exc
    return car_id
