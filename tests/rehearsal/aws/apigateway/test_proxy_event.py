"""Against events that AWS has sent, as they are published with its documentation and by those who captured them."""

from __future__ import annotations

import re

import pytest

from rehearsal.aws.apigateway.http_api import HttpApi
from rehearsal.aws.apigateway.http_event import http_event_2
from rehearsal.aws.apigateway.proxy_event import (
    http_event_1,
    is_media_type,
    request_context,
    rest_event,
    with_authorizer,
)
from rehearsal.aws.apigateway.request import ApiRequest
from rehearsal.aws.apigateway.rest_api import Method, Resource, RestApi, RestRoute, Stage

RESOURCE = Resource("al6gqb", "/{proxy+}", {})
API = RestApi(
    api_id="5h7pqvr9u4",
    name="cars",
    account="123456789012",
    region="eu-west-1",
    resources=(RESOURCE,),
    binary_media_types=("image/*",),
)
ROUTE = RestRoute(RESOURCE, Method(http_method="ANY"), {"proxy": "capture/space%20value"})
REQUEST = ApiRequest(
    method="POST",
    path="/capture/space%20value",
    query="repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa&plus=a+b&encoded=a%2Bb&empty=",
    headers=(
        ("Host", "127.0.0.1:4566"),
        ("User-Agent", "curl/8.7.1"),
        ("content-type", "application/json"),
        ("Content-Length", "7"),
        ("Connection", "keep-alive"),
        ("cookie", "session=abc123; theme=dark"),
        ("x-probe", "first"),
        ("x-probe", "second"),
        ("Authorization", "Bearer a.b.c"),
    ),
    body="λ".encode(),
    request_id="7c2af7db-31f3-42b5-8a6d-9ffc74e3b9e0",
    received_at=1783711144.836,
)


def test_a_rest_apis_function_gets_what_was_sent() -> None:
    event = rest_event(API, Stage("live", "d1", {}), ROUTE, REQUEST)

    assert (event["resource"], event["path"]) == ("/{proxy+}", "/capture/space%20value")
    assert event["pathParameters"] == {"proxy": "capture/space%20value"}
    assert event["queryStringParameters"] == {
        "repeat": "two", "redirect": "https://example.com/a", "plus": "a b", "encoded": "a+b", "empty": ""
    }  # fmt: skip
    assert event["multiValueQueryStringParameters"]["repeat"] == ["one", "two"]
    assert event["multiValueHeaders"]["x-probe"] == ["first", "second"]
    assert {name: event["headers"][name] for name in ("x-probe", "cookie", "Authorization")} == {
        "x-probe": "second",
        "cookie": "session=abc123; theme=dark",
        "Authorization": "Bearer a.b.c",
    }
    assert {"Connection", "Content-Length"} & set(event["headers"]) == set()
    assert (event["body"], event["isBase64Encoded"], event["stageVariables"]) == ("λ", False, None)
    assert "version" not in event


def test_a_front_of_awss_adds_its_headers() -> None:
    headers = rest_event(API, Stage("live", "d1", {}), ROUTE, REQUEST)["headers"]

    assert (headers["X-Forwarded-For"], headers["X-Forwarded-Port"], headers["X-Forwarded-Proto"]) == (
        "127.0.0.1",
        "443",
        "https",
    )
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", headers["X-Amzn-Trace-Id"])


def test_the_request_context_is_a_rest_apis() -> None:
    context = rest_event(API, Stage("live", "d1", {}), ROUTE, REQUEST)["requestContext"]

    assert {name: context[name] for name in ("path", "stage", "deploymentId", "resourceId", "resourcePath")} == {
        "path": "/live/capture/space%20value",
        "stage": "live",
        "deploymentId": "d1",
        "resourceId": "al6gqb",
        "resourcePath": "/{proxy+}",
    }
    assert context["domainName"] == "5h7pqvr9u4.execute-api.eu-west-1.amazonaws.com"
    assert (context["requestTime"], context["requestTimeEpoch"]) == ("10/Jul/2026:19:19:04 +0000", 1783711144836)
    assert (context["identity"]["accessKey"], context["identity"]["userAgent"]) == (None, "curl/8.7.1")
    assert "authorizer" not in context


def test_nothing_sent_is_null() -> None:
    event = rest_event(API, Stage("live", "", {"a": "1"}), RestRoute(RESOURCE, ROUTE.method, {}), ApiRequest(
        method="GET", path="/"
    ))  # fmt: skip

    names = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body")
    assert [event[name] for name in names] == [None] * 4
    assert event["stageVariables"] == {"a": "1"}


def test_binary_bodies_are_base64_and_signatures_stay_with_api_gateway() -> None:
    headers = (("Content-Type", "image/png"), ("Authorization", "AWS4-HMAC-SHA256 Credential=…"))
    request = ApiRequest(method="PUT", path="/", headers=headers, body=b"\x89PNG")

    event = rest_event(API, Stage("live", "d1", {}), ROUTE, request)

    assert (event["body"], event["isBase64Encoded"]) == ("iVBORw==", True)
    assert "Authorization" not in event["headers"]


def test_an_authorizers_words_and_the_callers_identity_are_added() -> None:
    event = rest_event(API, Stage("live", "d1", {}), ROUTE, REQUEST)

    told = with_authorizer(event, {"principalId": "ada"}, {"userArn": "arn"})["requestContext"]

    assert (told["authorizer"], told["identity"]["userArn"]) == ({"principalId": "ada"}, "arn")
    assert told["identity"]["sourceIp"] == "127.0.0.1"
    assert "authorizer" not in event["requestContext"]


HTTP = HttpApi(
    api_id="sjzepsqsu5",
    account="123456789012",
    region="eu-west-1",
    routes=(),
    stages={"$default": {}, "dev": {"a": "1"}},
)


def test_format_2_has_small_letters_commas_and_cookies() -> None:
    event = http_event_2(HTTP, "$default", "ANY /{proxy+}", {"proxy": "capture/space value"}, REQUEST)

    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "ANY /{proxy+}", "/capture/space value")
    assert event["rawQueryString"] == REQUEST.query
    assert event["cookies"] == ["session=abc123", "theme=dark"]
    assert event["headers"]["x-probe"] == "first,second"
    assert event["headers"]["content-length"] == "7"
    assert "cookie" not in event["headers"]
    assert event["queryStringParameters"]["repeat"] == "one,two"
    assert event["requestContext"]["http"] == {
        "method": "POST",
        "path": "/capture/space value",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "curl/8.7.1",
    }
    assert (event["body"], event["isBase64Encoded"]) == ("λ", False)


def test_format_2_tells_only_what_there_is_and_a_named_stage_in_its_path() -> None:
    request = ApiRequest(method="PUT", path="/cars", body=b"a=1")

    event = http_event_2(HTTP, "dev", "$default", {}, request)
    bare = http_event_2(HTTP, "$default", "$default", {}, ApiRequest(method="GET", path="/"))

    assert (event["rawPath"], event["stageVariables"]) == ("/dev/cars", {"a": "1"})
    assert (event["body"], event["isBase64Encoded"]) == ("YT0x", True)
    assert set(bare) == {
        *("version", "routeKey", "rawPath", "rawQueryString", "headers", "requestContext", "isBase64Encoded")
    }


def test_format_1_of_an_http_api_says_so() -> None:
    context = request_context(REQUEST, api_id="a", account="1", region="r", stage="$default")

    event = http_event_1(
        REQUEST, context=context, resource="/x", path_parameters={}, stage_variables={}, is_binary=False
    )

    assert (event["version"], event["resource"]) == ("1.0", "/x")
    assert event["requestContext"]["resourceId"] is None


@pytest.mark.parametrize(
    ("media_type", "declared", "is_one"),
    [
        ("image/png", ("image/png",), True),
        ("image/png; q=1", ("image/*",), True),
        ("image/webp,image/*,*/*;q=0.8", ("image/webp",), True),
        ("text/html,image/webp", ("image/webp",), False),
        ("", ("*/*",), True),
        ("*/*", ("image/png",), False),
        ("image/png", (), False),
    ],
)
def test_only_the_first_media_type_counts(media_type: str, declared: tuple[str, ...], is_one: bool) -> None:
    assert is_media_type(media_type, declared) is is_one
