from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.aws.apigateway.refusal import Refused, ResponseType
from rehearsal.aws.apigateway.request import ApiRequest
from rehearsal.aws.apigateway.request_validation import validate
from rehearsal.aws.apigateway.rest_api import Method, RequestValidator, Resource, RestApi, RestRoute

CAR = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["model"],
    "properties": {
        "model": {"type": "string", "minLength": 1},
        "owner": {"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Person"},
        "seats": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
    },
    "additionalProperties": False,
}
MODELS = {"Car": json.dumps(CAR), "Person": '{"type": "string"}', "Broken": '{"type": 3}'}
BODY, PARAMETERS = RequestValidator(True, False), RequestValidator(False, True)


def check(
    validator: RequestValidator | None,
    request: ApiRequest,
    *,
    models: Mapping[str, str] | None = None,
    parameters: Mapping[str, bool] | None = None,
    path_parameters: Mapping[str, str] | None = None,
) -> Refused | None:
    method = Method(http_method="POST", validator_id="v", models=models or {}, parameters=parameters or {})
    api = RestApi(
        api_id="abc",
        name="cars",
        account="1",
        region="r",
        resources=(),
        validators={"v": validator} if validator else {},
        models=MODELS,
    )
    try:
        validate(api, RestRoute(Resource("r", "/", {}), method, path_parameters or {}), request)
    except Refused as refused:
        return refused
    return None


def post(body: Any, content_type: str = "application/json") -> ApiRequest:
    headers = (("Content-Type", content_type),) if content_type else ()
    return ApiRequest(method="POST", path="/", headers=headers, body=body if isinstance(body, bytes) else b"")


@pytest.mark.parametrize(
    "body",
    [b'{"model": "T"}', b'{"model": "T", "owner": "ada", "seats": 1}'],
)
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", ""])
def test_a_body_that_fits_passes(body: bytes, content_type: str) -> None:
    assert check(BODY, post(body, content_type), models={"application/json": "Car"}) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[]", b"{}", b'{"model": ""}', b'{"model": "T", "owner": 3}', b'{"model": "T", "seats": 0}',
     b'{"model": "T", "more": 1}', b"[" * 100_000],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_refused(body: bytes) -> None:
    refused = check(BODY, post(body), models={"application/json": "Car"})

    assert refused is not None
    assert (refused.response_type, refused.message) == (ResponseType.BAD_REQUEST_BODY, "Invalid request body")


@pytest.mark.parametrize(
    ("validator", "content_type", "models"),
    [
        (None, "application/json", {"application/json": "Car"}),
        (PARAMETERS, "application/json", {"application/json": "Car"}),
        (BODY, "text/plain", {"application/json": "Car"}),
        (BODY, "application/json", {}),
        (BODY, "application/json", {"application/json": "Unknown"}),
    ],
)
def test_without_a_validator_or_a_model_of_the_content_type_nothing_is_checked(
    validator: RequestValidator | None, content_type: str, models: Mapping[str, str]
) -> None:
    assert check(validator, post(b"{}", content_type), models=models) is None


def test_the_default_model_is_for_every_content_type() -> None:
    assert check(BODY, post(b"{}", "text/plain"), models={"$default": "Car"}) is not None


def test_a_model_that_is_no_schema_is_a_configuration_error() -> None:
    refused = check(BODY, post(b"{}"), models={"application/json": "Broken"})

    assert refused is not None
    assert refused.response_type is ResponseType.API_CONFIGURATION_ERROR


def test_required_parameters_have_to_be_there_and_not_blank() -> None:
    parameters = {
        "method.request.header.X-Fleet": True,
        "method.request.querystring.page": True,
        "method.request.querystring.size": False,
        "method.request.path.car_id": True,
    }
    there = ApiRequest(method="GET", path="/", query="page=1", headers=(("x-fleet", "a"),))
    blank = ApiRequest(method="GET", path="/", query="page=", headers=(("X-Fleet", " "),))

    assert check(PARAMETERS, there, parameters=parameters, path_parameters={"car_id": "7"}) is None
    refused = check(PARAMETERS, blank, parameters=parameters)
    assert refused is not None
    assert refused.message == "Missing required request parameters: [X-Fleet, page, car_id]"
    assert refused.response_type is ResponseType.BAD_REQUEST_PARAMETERS
    assert check(BODY, blank, parameters=parameters) is None
