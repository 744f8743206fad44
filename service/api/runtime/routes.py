"""The API's routes, as Powertools' resolver has them: what each does, and beside it what it takes, gives and refuses.

They are what requests are routed by and what the OpenAPI document is made of (service/api/openapi), so that the two
cannot differ; which of them API Gateway lets through is in resources.py. It must not know DynamoDB.
"""

from __future__ import annotations

import functools
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from service.api.runtime import preconditions
from service.api.runtime.answer import JSON, Answer
from service.api.runtime.errors import IdempotencyKeyReused, PreconditionRequired
from service.api.runtime.operation import MERGE_PATCH, Header, operation
from service.api.runtime.request import Request
from service.api.runtime.resolver import app
from service.api.runtime.shapes import CarList, CarNotification, CarsQuery, NotificationList, PageQuery
from service.cars import aws
from service.cars.car import Car, CarChanges, CarDetails, NewCar
from service.cars.errors import CarAlreadyExists
from service.cars.repository import CarRepository
from service.cars.settings import Setting, read

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from service.cars.notification import NotificationRepository

DOCUMENT = Path(__file__).with_name("openapi.json")


@functools.cache
def dynamodb() -> DynamoDBClient:
    return aws.client("dynamodb")


@functools.cache
def repository() -> CarRepository:
    return CarRepository(dynamodb(), read(Setting.CARS_TABLE_NAME))


@functools.cache
def notification_repository() -> NotificationRepository:
    from service.cars.notification import NotificationRepository

    return NotificationRepository(dynamodb(), read(Setting.NOTIFICATIONS_TABLE_NAME))


@app.post("/cars")
@operation(
    body=NewCar,
    status=HTTPStatus.CREATED,
    answer=Car,
    takes=(Header.IDEMPOTENCY_KEY,),
    gives=(Header.LOCATION, Header.ETAG),
    refuses=(HTTPStatus.CONFLICT,),
)
def create_car(request: Request, body: NewCar) -> Answer:
    """Create a car

    With an Idempotency-Key the request can be sent again: the car that it made is answered, as it is now. The key goes
    with its car: once that is deleted, the key makes a new one.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        creation = repository().create(body, correlation_id=request.correlation_id)
    else:
        from service.api.runtime.idempotency import IdempotentCreation

        idempotent = IdempotentCreation.of(key, request.caller, body)
        try:
            creation = repository().create(
                idempotent.new, correlation_id=request.correlation_id, idempotency_digest=idempotent.digest
            )
        except CarAlreadyExists as exc:
            if "car_id" in body.model_fields_set:
                raise
            raise IdempotencyKeyReused from exc
    return _car(
        creation.car,
        status=HTTPStatus.CREATED,
        location=f"/cars/{creation.car.car_id}",
        done="CarsCreated" if creation.is_new else None,
    )


@app.get("/cars")
@operation(
    query=CarsQuery,
    answer=CarList,
)
def list_cars(request: Request, query: CarsQuery) -> Answer:
    """List the cars

    In no particular order, page by page; those of one status by their ids. A car that was changed a moment ago may
    still be in the list of its former status.
    """
    scope = f"cars?status={query.status or ''}"
    page = repository().list(
        status=query.status, limit=query.limit, after_car_id=_position(query.next_token, scope, "car_id")
    )
    cars = CarList(cars=page.cars, next_token=_next_token(page.last_car_id, scope, "car_id"))
    return Answer(status=HTTPStatus.OK, body=cars.model_dump_json())


@app.get("/cars/<car_id>")
@operation(
    answer=Car,
    takes=(Header.IF_NONE_MATCH,),
    gives=(Header.ETAG,),
    refuses=(HTTPStatus.NOT_MODIFIED, HTTPStatus.NOT_FOUND),
)
def get_car(request: Request, car_id: str) -> Answer:
    """Get a car

    With If-None-Match, 304 says that the caller has the car already as it is.
    """
    car = repository().get(car_id)
    tag = preconditions.etag(car)
    if preconditions.is_known(tag, request.headers.get("if-none-match")):
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers={Header.ETAG: tag})
    return _car(car)


@app.put("/cars/<car_id>")
@operation(
    body=CarDetails,
    answer=Car,
    takes=(Header.IF_MATCH,),
    requires=(Header.IF_MATCH,),
    gives=(Header.ETAG,),
    refuses=(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED),
)
def replace_car(request: Request, car_id: str, body: CarDetails) -> Answer:
    """Replace all that is said of a car

    What the body leaves out becomes its default. If-Match is required, so that nobody's change is overwritten unseen; a
    car that has reported its position meanwhile is no conflict.
    """
    if_match = request.headers.get("if-match")
    if if_match is None:
        raise PreconditionRequired
    car = repository().replace(car_id, body, correlation_id=request.correlation_id, seen=preconditions.seen(if_match))
    return _car(car, done="CarsReplaced")


@app.patch("/cars/<car_id>")
@operation(
    body=CarChanges,
    content_types=(MERGE_PATCH, JSON),
    answer=Car,
    takes=(Header.IF_MATCH,),
    gives=(Header.ETAG,),
    refuses=(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED),
)
def change_car(request: Request, car_id: str, body: CarChanges) -> Answer:
    """Change some of what is said of a car

    The body is a JSON merge patch (RFC 7396). With If-Match the car is changed only if it is as the caller has seen it.
    """
    seen = preconditions.seen(request.headers.get("if-match"))
    car = repository().change(car_id, body, correlation_id=request.correlation_id, seen=seen)
    return _car(car, done="CarsChanged")


@app.delete("/cars/<car_id>")
@operation(
    status=HTTPStatus.NO_CONTENT,
    takes=(Header.IF_MATCH,),
    refuses=(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED),
)
def delete_car(request: Request, car_id: str) -> Answer:
    """Delete a car

    With If-Match only if it is as the caller has seen it.
    """
    repository().delete(car_id, seen=preconditions.seen(request.headers.get("if-match")))
    return Answer(status=HTTPStatus.NO_CONTENT, done="CarsDeleted")


@app.get("/cars/<car_id>/notifications")
@operation(
    query=PageQuery,
    answer=NotificationList,
)
def list_notifications(request: Request, car_id: str, query: PageQuery) -> Answer:
    """List what people were told of a car

    The newest first, page by page, for 30 days, also after the car was deleted. A car that never was has none.
    """
    scope = f"notifications of {car_id}"
    page = notification_repository().list(
        car_id, limit=query.limit, after_notification_id=_position(query.next_token, scope, "notification_id")
    )
    notifications = NotificationList(
        notifications=tuple(
            CarNotification(
                notification_id=each.notification_id, occurred_at=each.occurred_at, type=each.type, text=each.text
            )
            for each in page.notifications
        ),
        next_token=_next_token(page.last_notification_id, scope, "notification_id"),
    )
    return Answer(status=HTTPStatus.OK, body=notifications.model_dump_json())


@app.get("/openapi.json")
@operation(
    takes=(Header.IF_NONE_MATCH,),
    gives=(Header.ETAG,),
    refuses=(HTTPStatus.NOT_MODIFIED,),
)
def get_document(request: Request) -> Answer:
    """Get this document"""
    text, tag = _document()
    if preconditions.is_known(tag, request.headers.get("if-none-match")):
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers={Header.ETAG: tag})
    return Answer(status=HTTPStatus.OK, body=text, headers={Header.ETAG: tag})


@functools.cache
def _document() -> tuple[str, str]:
    text = DOCUMENT.read_text(encoding="utf-8")
    return text, f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _car(
    car: Car, *, status: HTTPStatus = HTTPStatus.OK, location: str | None = None, done: str | None = None
) -> Answer:
    headers: dict[str, str] = {Header.ETAG: preconditions.etag(car)}
    if location is not None:
        headers[Header.LOCATION] = location
    return Answer(status=status, body=car.model_dump_json(), headers=headers, done=done)


def _position(next_token: str | None, scope: str, name: str) -> str | None:
    if next_token is None:
        return None
    from service.api.runtime import cursor

    return cursor.open_(next_token, scope=scope)[name]


def _next_token(position: str | None, scope: str, name: str) -> str | None:
    if position is None:
        return None
    from service.api.runtime import cursor

    return cursor.seal({name: position}, scope=scope)
