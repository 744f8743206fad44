"""The OpenAPI document of the API, made of its routes and of the shapes that they take and give.

Made when somebody builds, committed, and served as it is (service/api/runtime/openapi.json): no function pays for it.
What API Gateway answers by itself is in it, too. It must not know what the operations do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from service.api.openapi.routes import ROUTES
from service.api.runtime.answer import JSON
from service.api.runtime.idempotency import KEY_PATTERN
from service.api.runtime.operation import MERGE_PATCH, OPERATIONS, Header, Operation
from service.api.runtime.preconditions import TAGS_PATTERN
from service.api.runtime.problems import CONTENT_TYPE as PROBLEM
from service.api.runtime.request import CORRELATION_ID_PATTERN, MAXIMUM_BODY_BYTES
from service.cars.car import CAR_ID_PATTERN, CarDetails, NewCar

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

VERSION = "1.0.0"
DESCRIPTION = f"""\
The cars of the fleet, and what people were told of them.

Every request is signed with AWS Signature Version 4 for `execute-api`. What is refused is answered with a problem
document (RFC 9457); unknown fields and parameters are refused, and bodies of more than {MAXIMUM_BODY_BYTES} bytes.
Some answers (403, 429, 5xx) are API Gateway's own: after 429 and 5xx ask again, later and later. More fields may come
to answers: ignore those that you do not know.
"""

CAR: Mapping[str, object] = {
    "car_id": "car-1",
    "model": "Acme 1",
    "year": 2026,
    "status": "Available",
    "latitude": 52.5200066,
    "longitude": 13.404954,
    "nb_passengers": 4,
    "bike_rack": True,
}

HEADERS: Mapping[str, Json] = {
    Header.IF_MATCH: {
        "description": "ETags of the car as the caller has seen it, or * for any.",
        "schema": {"type": "string", "pattern": rf"^(?:\*|{TAGS_PATTERN})$"},
    },
    Header.IF_NONE_MATCH: {
        "description": "ETags of what the caller has already, or *.",
        "schema": {"type": "string", "pattern": rf"^(?:\*|{TAGS_PATTERN})$"},
    },
    Header.IDEMPOTENCY_KEY: {
        "description": "The caller's own name for this request, the same when it is sent again: a UUID, for example.",
        "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
    },
    Header.ETAG: {
        "description": "Names the answer as it is; another one when it has changed.",
        "schema": {"type": "string", "pattern": '^"[^"]+"$'},
    },
    Header.LOCATION: {"description": "The path of the car.", "schema": {"type": "string"}},
}

CORRELATION_ID: Json = {
    "description": "What the logs of this request have as correlation_id: the caller's own, or the request's id.",
    "schema": {"type": "string"},
}

REFUSALS: Mapping[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.NOT_FOUND: ("NotFound", "There is no such car."),
    HTTPStatus.CONFLICT: ("Conflict", "There is a car of this id already."),
    HTTPStatus.PRECONDITION_FAILED: (
        "PreconditionFailed",
        "The car has changed since the caller has seen it: no tag of If-Match is its own.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("ContentTooLarge", f"The body is longer than {MAXIMUM_BODY_BYTES} bytes."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "UnsupportedMediaType",
        "The body is not of a Content-Type that the operation takes.",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("UnprocessableContent", "Some part of the request is not as described here."),
    HTTPStatus.PRECONDITION_REQUIRED: ("PreconditionRequired", "If-Match is missing."),
}
"""Names and descriptions of the answers. The names are RFC 9110's: Python's own are others in every other version."""

BY_API_GATEWAY: Mapping[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.FORBIDDEN: ("Forbidden", "The request is not signed, or its caller may not do this."),
    HTTPStatus.TOO_MANY_REQUESTS: ("TooManyRequests", "Too many requests: ask again later."),
    HTTPStatus.BAD_GATEWAY: ("BadGateway", "The service failed: ask again later."),
    HTTPStatus.GATEWAY_TIMEOUT: ("GatewayTimeout", "The service took too long: ask again later."),
}


class FieldProblem(BaseModel):
    """What is wrong with one field: "body.year", "query.limit", "header.If-Match"."""

    field: str
    problem: str


class Problem(BaseModel):
    """A problem document (RFC 9457). `title` is that of the status; `errors` names the fields that were refused."""

    type: str
    title: str
    status: int = Field(ge=400, le=599, default_factory=int)  # some of API Gateway's have none
    detail: str
    errors: list[FieldProblem] = Field(default_factory=list)


def document() -> Json:
    """The OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Autonomous cars", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": ".", "description": "The stage of the API that this document was read from."}],
        "security": [{"signature": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "responses": {
                **{name: _problem(description) for name, description in REFUSALS.values()},
                **{name: _problem(description, headers=()) for name, description in BY_API_GATEWAY.values()},
            },
            "parameters": {
                "car_id": {
                    "name": "car_id",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "pattern": CAR_ID_PATTERN},
                    "example": CAR["car_id"],
                },
                "X-Correlation-Id": {
                    "name": "X-Correlation-Id",
                    "in": "header",
                    "description": (
                        "Names the request in the logs of caller and service, if it matches "
                        f"`{CORRELATION_ID_PATTERN}`; any other is ignored."
                    ),
                    "schema": {"type": "string"},
                },
            },
            "headers": {"X-Correlation-Id": CORRELATION_ID, **{name: HEADERS[name] for name in ("ETag", "Location")}},
            "securitySchemes": {
                "signature": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4 for `execute-api`, of a role that may invoke this API.",
                }
            },
        },
    }


def text() -> str:
    """The document as it is committed and served."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _paths() -> Json:
    paths: Json = {}
    for route in ROUTES:
        path = paths.setdefault(route.resource, {})
        if "{car_id}" in route.resource:
            path["parameters"] = [_ref("parameters", "car_id")]
        path[route.method.lower()] = _described(route.operation)
    return paths


def _described(operation: Operation) -> Json:
    summary, _, description = (operation.function.__doc__ or "").partition("\n")
    parameters = [
        *_query_parameters(operation.query),
        *(
            {"name": name, "in": "header", "required": name in operation.requires, **HEADERS[name]}
            for name in operation.takes
        ),
        _ref("parameters", "X-Correlation-Id"),
    ]
    described: Json = {"operationId": operation.function.__name__, "summary": summary}
    if description.strip():
        described["description"] = " ".join(description.split())
    described["parameters"] = parameters
    if operation.body is not None:
        schema = _ref("schemas", operation.body.__name__)
        described["requestBody"] = {
            "required": True,
            "content": {name: {"schema": schema} for name in operation.content_types},
        }
    described["responses"] = _responses(operation)
    return described


def _responses(operation: Operation) -> Json:
    headers = {name: _ref("headers", name) for name in ("X-Correlation-Id", *operation.gives)}
    success: Json = {"description": "Done.", "headers": headers}
    if operation.status is not HTTPStatus.NO_CONTENT:
        schema: Json = (
            _ref("schemas", operation.answer.__name__) if operation.answer is not None else {"type": "object"}
        )
        success["content"] = {JSON: {"schema": schema}}
    responses: dict[HTTPStatus, Json] = {operation.status: success}
    refused = {*operation.refuses, HTTPStatus.UNPROCESSABLE_ENTITY}
    if HTTPStatus.NOT_MODIFIED in refused:
        refused.remove(HTTPStatus.NOT_MODIFIED)
        responses[HTTPStatus.NOT_MODIFIED] = {"description": "It is as the caller has it.", "headers": headers}
    if operation.body is not None:
        refused |= {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
    for status, (name, _) in {**{each: REFUSALS[each] for each in refused}, **BY_API_GATEWAY}.items():
        responses[status] = _ref("responses", name)
    return {str(status.value): responses[status] for status in sorted(responses)}


def _query_parameters(query: type[BaseModel]) -> list[Json]:
    """Each field of the model. That a parameter may be left out says `required`, and null is no value of a query."""
    properties = _shapes({(query, "validation")})[query.__name__].get("properties", {})
    parameters = []
    for name, field in properties.items():
        schema = {key: value for key, value in field.items() if key not in ("default", "anyOf")}
        for choice in field.get("anyOf", ()):
            schema |= choice if choice != {"type": "null"} else {}
        if field.get("default") is not None:
            schema["default"] = field["default"]
        parameters.append({"name": name, "in": "query", "required": False, "schema": schema})
    return parameters


def _schemas() -> Json:
    taken: set[tuple[type[BaseModel], Mode]] = {(each.body, "validation") for each in OPERATIONS.values() if each.body}
    given: set[tuple[type[BaseModel], Mode]] = {
        (each.answer, "serialization") for each in OPERATIONS.values() if each.answer
    }
    schemas = _shapes(taken | given | {(Problem, "validation")})
    for each in OPERATIONS.values():
        if each.body is not None and MERGE_PATCH in each.content_types:
            for field in schemas[each.body.__name__]["properties"].values():
                field.pop("default", None)  # what a patch leaves out stays as it is
    schemas[NewCar.__name__]["examples"] = [dict(CAR)]
    schemas[CarDetails.__name__]["examples"] = [{name: value for name, value in CAR.items() if name != "car_id"}]
    return schemas


def _shapes(models: set[tuple[type[BaseModel], Mode]]) -> Json:
    """The JSON schemas of the models, and of what they refer to, by name."""
    ordered = sorted(models, key=lambda each: each[0].__name__)
    _, definitions = models_json_schema(ordered, ref_template="#/components/schemas/{model}")
    shapes: Json = _plain(definitions["$defs"])
    return shapes


def _plain(schema: Any) -> Any:
    """Without the titles that pydantic makes of names, and descriptions on one line."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items() if key != "title" or not isinstance(value, str)}
    if isinstance(plain.get("description"), str):
        plain["description"] = " ".join(plain["description"].split())
    return plain


def _problem(description: str, *, headers: Sequence[str] = ("X-Correlation-Id",)) -> Json:
    return {
        "description": description,
        "headers": {name: _ref("headers", name) for name in headers},
        "content": {PROBLEM: {"schema": _ref("schemas", Problem.__name__)}},
    }


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
