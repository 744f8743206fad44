from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.lambda_host.api_gateway import ApiRequest, answer_of
from rehearsal.aws.lambda_host.function import InvocationResult, failure

NOW = 1_800_000_000.0
REST = {
    "version": "1.0",
    "requestContext": {
        "apiId": "abc",
        "stage": "prod",
        "resourceId": "r1",
        "httpMethod": "GET",
        "requestTimeEpoch": NOW * 1000,
    },
}
HTTP = {
    "version": "2.0",
    "requestContext": {"apiId": "abc", "stage": "$default", "routeKey": "GET /cars", "timeEpoch": NOW * 1000},
}
REST_REQUEST = ApiRequest("abc", "prod", "r1", "GET", is_http_api=False)
HTTP_REQUEST = ApiRequest("abc", "$default", "GET /cars", "", is_http_api=True)


@pytest.mark.parametrize(("event", "request_"), [(REST, REST_REQUEST), (HTTP, HTTP_REQUEST)])
def test_an_event_of_either_kind_of_api_is_read(event: dict[str, Any], request_: ApiRequest) -> None:
    assert ApiRequest.from_event(event, now=NOW + 1) == request_


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        {},
        {"Records": []},
        {"requestContext": "x"},
        {"requestContext": {}},
        {**REST, "requestContext": {**REST["requestContext"], "requestTimeEpoch": (NOW - 61) * 1000}},  # type: ignore[dict-item]
        {**REST, "requestContext": {**REST["requestContext"], "apiId": ""}},  # type: ignore[dict-item]
    ],
)
def test_another_or_an_old_event_is_no_request_of_an_api(event: object) -> None:
    assert ApiRequest.from_event(event, now=NOW) is None


@pytest.mark.parametrize(
    ("payload", "error", "request_", "status"),
    [
        ({"statusCode": 201, "body": "x"}, None, REST_REQUEST, 201),
        ({"statusCode": "404"}, None, REST_REQUEST, 404),
        ({"statusCode": "many"}, None, REST_REQUEST, 502),
        ("just text", None, REST_REQUEST, 502),
        ({"statusCode": 204, "body": None}, None, REST_REQUEST, 204),
        ({"statusCode": 200, "body": {"not": "text"}}, None, REST_REQUEST, 502),
        ({"statusCode": 200, "body": {"not": "text"}}, None, HTTP_REQUEST, 200),
        ({"body": "no status"}, None, REST_REQUEST, 502),
        ({"body": "no status"}, None, HTTP_REQUEST, 200),
        ({"errorType": "ValueError"}, "Unhandled", REST_REQUEST, 502),
        ({"statusCode": 200}, "Unhandled", HTTP_REQUEST, 502),
    ],
)
def test_the_callers_status_is_what_api_gateway_makes_of_the_answer(
    payload: object, error: str | None, request_: ApiRequest, status: int
) -> None:
    result = InvocationResult(version="1", payload=json.dumps(payload).encode(), function_error=error)

    assert answer_of(result, request_).status == status


def test_a_failed_functions_own_words_do_not_reach_the_caller() -> None:
    result = InvocationResult(version="1", payload=failure("ValueError", "secret"), function_error="Unhandled")

    answer = answer_of(result, REST_REQUEST)

    assert json.loads(json.loads(answer.payload)["body"]) == {"message": "Internal server error"}
    assert b"secret" not in answer.payload


@pytest.mark.parametrize("answer", [{"statusCode": 204}, {"statusCode": 204, "body": None}])
def test_no_body_is_an_empty_body(answer: dict[str, Any]) -> None:
    result = InvocationResult(version="1", payload=json.dumps(answer).encode())

    assert json.loads(answer_of(result, REST_REQUEST).payload) == {"statusCode": 204, "body": ""}
