from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.aws.apigateway.gateway_response import gateway_response
from rehearsal.aws.apigateway.refusal import (
    HttpAnswer,
    Refused,
    ResponseType,
    authorizer_failed,
    authorizer_is_broken,
    denied,
    misconfigured,
    missing_token,
    unauthorized,
)
from rehearsal.aws.apigateway.request import ApiRequest

REQUEST = ApiRequest(method="GET", path="/cars/7", query="q=1", headers=(("Origin", "https://a.example"),))
PROBLEM = {"application/json": '{"t": "$context.error.responseType", "d": $context.error.messageString}'}


def rendered(refused: Refused, declared: Mapping[str, Mapping[str, Any]] | None = None) -> HttpAnswer:
    return gateway_response(
        refused,
        declared or {},
        REQUEST,
        context={"requestId": "r-1"},
        path_parameters={"car_id": "a%20b"},
        stage_variables={"site": "s"},
    )


@pytest.mark.parametrize(
    ("refused", "status", "message"),
    [
        (unauthorized(), 401, "Unauthorized"),
        (missing_token(), 403, "Missing Authentication Token"),
        (denied(is_explicit=False), 403, "User is not authorized to access this resource"),
        (denied(is_explicit=True), 403, "User is not authorized to access this resource with an explicit deny"),
        (authorizer_is_broken(), 500, "Internal server error"),
        (authorizer_failed(), 500, None),
        (misconfigured(), 500, "Internal server error"),
        (Refused(ResponseType.BAD_REQUEST_BODY, "Invalid request body"), 400, "Invalid request body"),
        (Refused(ResponseType.REQUEST_TOO_LARGE, "Request Too Long"), 413, "Request Too Long"),
    ],
)
def test_an_api_that_declares_nothing_has_awss_words(refused: Refused, status: int, message: str | None) -> None:
    answer = rendered(refused)

    assert (answer.status, json.loads(answer.body)) == (status, {"message": message})
    assert dict(answer.headers)["Content-Type"] == "application/json"


def test_its_own_response_goes_before_the_general_one() -> None:
    declared: dict[str, dict[str, Any]] = {
        "UNAUTHORIZED": {"responseTemplates": PROBLEM, "statusCode": "499"},
        "DEFAULT_4XX": {"responseTemplates": {"application/json": "{}"}},
    }

    own, general = rendered(unauthorized(), declared), rendered(missing_token(), declared)

    assert (own.status, json.loads(own.body)) == (499, {"t": "UNAUTHORIZED", "d": "Unauthorized"})
    assert (general.status, general.body) == (403, b"{}")
    assert rendered(misconfigured(), declared).status == 500


def test_headers_come_from_texts_and_from_the_request() -> None:
    parameters = {
        "gatewayresponse.header.Access-Control-Allow-Origin": "method.request.header.origin",
        "gatewayresponse.header.X-Text": "'text'",
        "gatewayresponse.header.X-Query": "method.request.querystring.q",
        "gatewayresponse.header.X-Path": "method.request.path.car_id",
        "gatewayresponse.header.X-Stage": "stageVariables.site",
        "gatewayresponse.header.X-Id": "context.requestId",
        "gatewayresponse.header.X-None": "method.request.header.none",
        "gatewayresponse.header.Content-Type": "'application/problem+json'",
    }

    answer = rendered(unauthorized(), {"DEFAULT_4XX": {"responseParameters": parameters}})

    assert dict(answer.headers) == {
        "Access-Control-Allow-Origin": "https://a.example",
        "X-Text": "text",
        "X-Query": "1",
        "X-Path": "a b",
        "X-Stage": "s",
        "X-Id": "r-1",
        "Content-Type": "application/problem+json",
        "x-amzn-ErrorType": "UnauthorizedException",
    }


def test_a_variable_that_is_not_known_stays() -> None:
    template = {"application/json": "$context.nothing ${context.requestId} $context.error.message"}

    answer = rendered(unauthorized(), {"UNAUTHORIZED": {"responseTemplates": template}})

    assert answer.body == b"$context.nothing r-1 Unauthorized"
