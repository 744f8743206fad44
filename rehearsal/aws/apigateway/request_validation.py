"""Whether a request is as its method asks: its required parameters are there, its body fits the model.

It must not know what a function would say. Source: "Request validation for REST APIs in API Gateway": of a parameter
only that it is there and not blank, of a body that it fits the model of its content type (or of `$default`); where no
model is meant, nothing is checked. Models are JSON Schema draft 4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from rehearsal.aws.apigateway.refusal import Refused, ResponseType, misconfigured
from rehearsal.aws.apigateway.request import ApiRequest
from rehearsal.aws.apigateway.rest_api import RestApi, RestRoute

_JSON = "application/json"
_DEFAULT = "$default"
_BAD_REQUEST = "BadRequestException"
_OTHER_MODEL = re.compile(r"https://apigateway\.amazonaws\.com/restapis/[^/]+/models/(\w+)")


def validate(api: RestApi, route: RestRoute, request: ApiRequest) -> None:
    """`Refused` BAD_REQUEST_PARAMETERS or BAD_REQUEST_BODY, in AWS's words."""
    validator = api.validators.get(route.method.validator_id)
    if validator is None:
        return
    if validator.checks_parameters and (missing := _missing(route, request)):
        words = f"Missing required request parameters: [{', '.join(missing)}]"
        raise Refused(ResponseType.BAD_REQUEST_PARAMETERS, words, _BAD_REQUEST)
    if validator.checks_body and not _fits(api, route.method.models, request):
        raise Refused(ResponseType.BAD_REQUEST_BODY, "Invalid request body", _BAD_REQUEST)


def _missing(route: RestRoute, request: ApiRequest) -> list[str]:
    required = [name.removeprefix("method.request.") for name, is_one in route.method.parameters.items() if is_one]
    return [name.partition(".")[2] for name in required if not _sent(name, route, request).strip()]


def _sent(parameter: str, route: RestRoute, request: ApiRequest) -> str:
    place, _, name = parameter.partition(".")
    match place:
        case "header":
            return request.header(name)
        case "querystring":
            return request.parameter(name)
        case _:
            return route.path_parameters.get(name, "")


def _fits(api: RestApi, models: Mapping[str, str], request: ApiRequest) -> bool:
    """A request that does not tell its content type has JSON."""
    media_type = request.header("content-type").split(";")[0].strip().lower() or _JSON
    by_type = {name.lower(): model for name, model in models.items()}
    model = by_type.get(media_type) or by_type.get(_DEFAULT)
    schema = api.models.get(model or "")
    if not schema:
        return True
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        return False
    return _validator(schema, tuple(sorted(api.models.items()))).is_valid(document)


@lru_cache(maxsize=128)
def _validator(schema: str, models: tuple[tuple[str, str], ...]) -> jsonschema_rs.Draft4Validator:
    """A model may name others of the API. `Refused` where the schema is none."""
    known = dict(models)

    def retrieve(uri: str) -> Any:
        other = _OTHER_MODEL.match(uri)
        if other is None or other.group(1) not in known:
            raise ValueError(f"{uri} is no model of the API")
        return json.loads(known[other.group(1)])

    try:
        return jsonschema_rs.Draft4Validator(json.loads(schema), retriever=retrieve, validate_formats=True)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as exc:
        raise misconfigured() from exc
