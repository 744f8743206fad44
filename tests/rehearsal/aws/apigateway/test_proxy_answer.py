from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from rehearsal.aws.apigateway.proxy_answer import http_answer, rest_answer
from rehearsal.aws.apigateway.refusal import HttpAnswer, Refused, ResponseType
from rehearsal.aws.apigateway.request import ApiRequest
from rehearsal.aws.lambda_host.function import InvocationResult, failure

GET = ApiRequest(method="GET", path="/cars")
WANTS_IMAGES = ApiRequest(method="GET", path="/cars", headers=(("Accept", "image/png,*/*"),))


def result(payload: object, error: str | None = None) -> InvocationResult:
    return InvocationResult(version="1", payload=json.dumps(payload).encode(), function_error=error)


def rest(payload: object, request: ApiRequest = GET, binary: tuple[str, ...] = ()) -> HttpAnswer:
    return rest_answer(result(payload), request, binary)


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"statusCode": 201, "body": "x"}, 201),
        ({"statusCode": "404"}, 404),
        ({"statusCode": "many"}, 502),
        ({"statusCode": True}, 502),
        ({"statusCode": 42}, 502),
        ({"statusCode": 100}, 502),
        ({"statusCode": 101}, 502),
        ("just text", 502),
        ([1], 502),
        (None, 502),
        ({"statusCode": 204, "body": None}, 204),
        ({"statusCode": 200, "body": {"not": "text"}}, 502),
        ({"statusCode": 200, "body": 3}, 502),
        ({"body": "no status"}, 502),
        ({"statusCode": 200, "cookies": ["a=1"]}, 502),
        ({"statusCode": 200, "message": "not allowed"}, 502),
        ({"statusCode": 200, "headers": {"X-List": ["a"]}}, 502),
        ({"statusCode": 200, "headers": "none"}, 502),
        ({"statusCode": 200, "headers": {"X-Lines": "a\r\nb"}}, 502),
        ({"statusCode": 200, "headers": {"X-Nul": "a\0b"}}, 502),
        ({"statusCode": 200, "headers": {"X-Tab": "a\tb"}}, 200),
        ({"statusCode": 200, "headers": {"X-Lines\r\nX-Other": "a"}}, 502),
        ({"statusCode": 200, "headers": {"X Blank:": "a"}}, 502),
        ({"statusCode": 200, "headers": {"": "a"}}, 502),
        ({"statusCode": 200, "multiValueHeaders": {"X-Text": "a"}}, 502),
        ({"statusCode": 200, "headers": None, "multiValueHeaders": None, "isBase64Encoded": False}, 200),
    ],
)
def test_a_rest_api_takes_its_own_format_alone(payload: object, status: int) -> None:
    assert rest(payload).status == status


def test_headers_are_merged_and_those_of_several_values_win() -> None:
    answer = rest(
        {
            "statusCode": 200,
            "headers": {"X-Both": "single", "X-Single": 1, "X-Flag": True, "X-None": None},
            "multiValueHeaders": {"x-both": ["one", "two"], "Set-Cookie": ["a=1", "b=2"]},
        }
    )

    assert answer.headers == (
        ("Content-Type", "application/json"),
        ("X-Single", "1"),
        ("X-Flag", "true"),
        ("x-both", "one"),
        ("x-both", "two"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    )


def test_headers_of_the_connection_are_remapped() -> None:
    answer = rest({"statusCode": 401, "headers": {"content-type": "text/plain", "WWW-Authenticate": "Basic"}})

    assert answer.headers == (("content-type", "text/plain"), ("x-amzn-Remapped-WWW-Authenticate", "Basic"))


@pytest.mark.parametrize(
    ("request_", "binary", "body"),
    [
        (WANTS_IMAGES, ("image/*",), b"\x89PNG"),
        (GET, ("*/*",), b"\x89PNG"),
        (GET, ("image/png",), base64.b64encode(b"\x89PNG")),
        (WANTS_IMAGES, (), base64.b64encode(b"\x89PNG")),
    ],
)
def test_base64_is_decoded_for_whoever_first_accepts_a_binary_type(
    request_: ApiRequest, binary: tuple[str, ...], body: bytes
) -> None:
    payload = {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\x89PNG").decode()}

    assert rest(payload, request_, binary).body == body


def test_what_should_be_base64_and_is_none_is_a_configuration_error() -> None:
    with pytest.raises(Refused) as refused:
        rest({"statusCode": 200, "isBase64Encoded": True, "body": "no base64!"}, WANTS_IMAGES, ("*/*",))

    assert refused.value.response_type is ResponseType.API_CONFIGURATION_ERROR


def test_a_failed_functions_own_words_do_not_reach_the_caller() -> None:
    failed = InvocationResult(version="1", payload=failure("ValueError", "secret"), function_error="Unhandled")

    of_rest, of_http = rest_answer(failed, GET, ()), http_answer(failed, "2.0")

    assert (of_rest.status, json.loads(of_rest.body)) == (502, {"message": "Internal server error"})
    assert (of_http.status, json.loads(of_http.body)) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize(
    "payload",
    [
        {"statusCode": 200, "cookies": 5},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": ["a=1\r\nX-Other: b"]},
        {"statusCode": 200, "headers": {"X-Lines\r\nX-Other": "a"}},
    ],
)
def test_an_http_api_sends_nothing_that_is_no_header(payload: object) -> None:
    assert http_answer(result(payload), "2.0").status == 500


@pytest.mark.parametrize(
    ("payload", "status", "content_type", "body"),
    [
        ("Hello from Lambda!", 200, "application/json", "Hello from Lambda!"),
        ({"message": "Hello from Lambda!"}, 200, "application/json", '{"message": "Hello from Lambda!"}'),
        ([1, 2], 200, "application/json", "[1, 2]"),
        ({"statusCode": 201, "body": "made"}, 201, "text/plain;charset=UTF-8", "made"),
        ({"statusCode": "202", "headers": {"Content-Type": "text/html"}}, 202, "text/html", ""),
        ({"statusCode": 200, "isBase64Encoded": True, "body": "aGk="}, 200, "text/plain;charset=UTF-8", "hi"),
        ({"statusCode": "many"}, 500, "application/json", '{"message":"Internal Server Error"}'),
    ],
)
def test_an_http_api_infers_what_an_answer_does_not_say(
    payload: object, status: int, content_type: str, body: str
) -> None:
    answer = http_answer(result(payload), "2.0")

    assert (answer.status, dict(answer.headers)["Content-Type"], answer.body.decode()) == (status, content_type, body)


def test_each_cookie_is_a_header_of_its_own() -> None:
    answer = http_answer(result({"statusCode": 200, "cookies": ["a=1", "b=2"]}), "2.0")

    assert answer.headers[:2] == (("set-cookie", "a=1"), ("set-cookie", "b=2"))


@pytest.mark.parametrize("payload", [{"body": "no status"}, "text"])
def test_format_1_infers_nothing(payload: Any) -> None:
    assert http_answer(result(payload), "1.0").status == 500
