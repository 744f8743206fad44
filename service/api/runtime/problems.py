"""How the API says no: problem documents (RFC 9457), made in this one place.

{"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is no car 'x'."}; a 422 has also "errors":
[{"field": "body.year", "problem": "Input should be …"}]. It must not answer 5xx: what is our fault is raised, so that
Lambda counts it as an error of this version (and API Gateway answers 502).
"""

from __future__ import annotations

import json
from http import HTTPStatus

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from pydantic import ValidationError

from service.cars.errors import CarAlreadyExists, CarNotFound, InvalidPageToken

CONTENT_TYPE = "application/problem+json"


class InvalidRequest(Exception):
    """Some part ("body", "path", "query") of a request is not as the API asks for it."""

    def __init__(self, part: str, error: ValidationError) -> None:
        super().__init__(f"The {part} of the request is not valid.")
        self.errors = [
            {"field": ".".join(str(name) for name in (part, *found["loc"])), "problem": found["msg"]}
            for found in error.errors(include_url=False, include_context=False, include_input=False)
        ]


def register(app: APIGatewayRestResolver) -> None:
    """Makes `app` answer the domain's errors, and its own, as problem documents."""
    app.exception_handler(CarNotFound)(lambda error: problem(HTTPStatus.NOT_FOUND, str(error)))
    app.exception_handler(CarAlreadyExists)(lambda error: problem(HTTPStatus.CONFLICT, str(error)))
    app.exception_handler(InvalidPageToken)(lambda error: problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)))
    app.exception_handler(InvalidRequest)(_invalid_request)
    app.not_found(_no_such_route)


def _invalid_request(error: InvalidRequest) -> Response[str]:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), errors=error.errors)


def _no_such_route(error: NotFoundError) -> Response[str]:
    return problem(HTTPStatus.NOT_FOUND, "There is no such resource: /cars and /cars/{car_id} are.")


def problem(status: HTTPStatus, detail: str, **more: object) -> Response[str]:
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}
    return Response(status_code=status.value, content_type=CONTENT_TYPE, body=json.dumps(document))
