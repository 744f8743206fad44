"""Requests as a REST API may hand them over, and some that it never would: what no router may take for another.

API Gateway has matched `resource` by then: `path` has what the caller wrote, a base path in front, slashes at the end.
What schemathesis made of the document (tests/service/api/openapi/test_fuzz.py) was recorded with them, once.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from typing import Any

from tests.service.conftest import load_event

Request = dict[str, Any]
"""What of the event differs from that of tests/events, where `headers` are those besides the event's own."""

CAR = "/cars/{car_id}"
NOTIFICATIONS = "/cars/{car_id}/notifications"
DETAILS = {"model": "Acme 1", "year": 2024}
METHODS = (
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "QUERY",
    "get",
    "Get",
    "",
    "*",
)
RESOURCES = ("/cars", CAR, NOTIFICATIONS, "/openapi.json")
NO_RESOURCES = (
    *("", "/", "//", "/bikes", "/CARS", "/cars/", "/cars//", "cars", "/cars/car-1", "/cars/{id}", "/cars/{proxy+}"),
    *("/{proxy+}", "/cars/{car_id}/", "/cars/{car_id}/x", "/cars/{car_id}/notifications/", "/cars/<car_id>"),
    *("/openapi.json/", "/openapiXjson", "/cars\n", "/cars/{car_id}\n", "/openapi.json\n", "$default"),
)
IDS = (
    *("car-1", "%63ar-1", "car%2D1", "car%2d1", "%2563ar-1", "nobody", "A0", "a" * 64, "openapi.json", "notifications"),
    *(
        "",
        " ",
        "..",
        "%2E%2E",
        "%2F",
        "a%2Fb",
        "a%252Fb",
        "a/b",
        "car-1/",
        "car-1%2F",
        "car-1%20",
        "car-1 ",
        "+",
        "a+b",
    ),
    *("%", "%2", "%zz", "%ff", "%00", "%0A", "%0a", "car-1\n", "car-1%0A", "\x00", "a\tb", "%C3%A9", "é", "日本", "€"),
    *("%ED%A0%80", "{car_id}", "<car_id>", "<b>", "{", "}", "{}", "{0}", "{{car_id}}", "a?b", "a#b", "a;b"),
    *("a\\b", 'a"b', "a'b", "a|b", "a^b", "a`b", "a:b", "a@b", "a,b", "a=b", "a&b", "a$b", "a!b", "a*b", "a(b)", "~"),
    *("-a", "_a", "a.b", "a" * 65, "٣", "\uff41", "a\u200b", "car-1notifications", "car-1/notifications"),
)
PATHS_OF_THE_CAR = (
    *("/cars/car-1/", "/cars/car-1//", "/v1/cars/car-1", "/staging/cars/car-1", "/fleet/v1/cars/car-1/", "/CARS/car-1"),
    *("//cars/car-1", "/cars/%63ar-1", "/cars/another", "/", "", "/cars", "/openapi.json", "/cars/car-1/notifications"),
)
TAG = '"612345.none"'


def requests() -> Iterator[Request]:
    """All that are made by hand, always in the same order."""
    yield from of_methods()
    yield from of_ids()
    yield from of_paths()
    yield from of_headers()
    yield from of_bodies()
    yield from of_queries()


def event_of(request: Request) -> dict[str, Any]:
    event = load_event("api-gateway-rest")
    headers = request.get("headers", {})
    event |= {"body": None, **request, "headers": headers and {**event["headers"], **headers}}
    event["requestContext"] |= {"httpMethod": event["httpMethod"], "resourcePath": event["resource"]}
    return event


def request(method: str, resource: str, *, car_id: str | None = "car-1", **others: Any) -> Request:
    has_id = "{car_id}" in resource and car_id is not None
    path = resource.replace("{car_id}", str(car_id))
    parameters = {"car_id": car_id} if has_id else None
    made = {"httpMethod": method, "resource": resource, "path": path, "pathParameters": parameters, "headers": {}}
    return {**made, **others}


def of_methods() -> Iterator[Request]:
    for method, resource in itertools.product(METHODS, RESOURCES):
        yield request(method, resource)
        yield request(method, resource, body=json.dumps(DETAILS), headers={"If-Match": "*"})
    for resource in NO_RESOURCES:
        for method in ("GET", "POST", "HEAD"):
            yield request(method, resource)
    for parameters in ({"proxy": "cars/car-1"}, {"id": "car-1"}, {"car_id": "car-1", "other": "x"}):
        for resource in ("/{proxy+}", "/cars/{id}", CAR):
            yield request("GET", resource, path="/cars/car-1", pathParameters={"car_id": "car-1"} | parameters)


def of_ids() -> Iterator[Request]:
    for car_id in IDS:
        yield request("GET", CAR, car_id=car_id)
        yield request("GET", NOTIFICATIONS, car_id=car_id)
        yield request("DELETE", CAR, car_id=car_id)
    for car_id in IDS[:20]:
        yield request("PATCH", CAR, car_id=car_id, body='{"year": 2025}')


def of_paths() -> Iterator[Request]:
    for path in PATHS_OF_THE_CAR:
        yield request("GET", CAR, path=path)
        yield request("GET", NOTIFICATIONS, path=path)
        yield request("POST", CAR, path=path)
    for path in ("/cars/", "/cars//", "/v1/cars", "/", "", "/cars/car-1", "/openapi.json"):
        yield request("GET", "/cars", path=path)
        yield request("GET", "/openapi.json", path=path)


def of_headers() -> Iterator[Request]:
    yield request("GET", CAR, headers=None)
    yield request("GET", CAR, headers=None, multiValueHeaders=None)
    yield request("POST", "/cars", headers=None, body=json.dumps(DETAILS))
    for name in ("If-None-Match", "if-none-match", "IF-NONE-MATCH", "iF-nOnE-mAtCh"):
        for value in ("*", TAG, f"W/{TAG}", "unquoted", ""):
            yield request("GET", CAR, headers={name: value})
            yield request("GET", "/openapi.json", headers={name: value})
    for name in ("If-Match", "if-match", "IF-MATCH"):
        for method, value in itertools.product(("PUT", "PATCH", "DELETE"), ("*", TAG, '"1.0"', "W/*", "é")):
            yield request(method, CAR, headers={name: value}, body=json.dumps(DETAILS))
    yield request("PATCH", CAR, headers={"If-Match": '"1.0"', "if-match": "*"}, body=json.dumps(DETAILS))
    for name, value in itertools.product(
        ("X-Correlation-Id", "x-correlation-id"),
        ("order-4711", "short", "two words here", "a" * 129, "line\nfeed-1234"),
    ):
        yield request("GET", CAR, headers={name: value})
        yield request("TRACE", CAR, headers={name: value})
        yield request("GET", "/bikes", headers={name: value})
    for encoding in ("gzip", "br, gzip;q=1.0", "identity", ""):
        yield request("GET", CAR, headers={"Accept-Encoding": encoding, "Origin": "https://example.org"})


def of_bodies() -> Iterator[Request]:
    good = json.dumps({"car_id": "car-9", **DETAILS})
    for text in (
        good,
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "NaN",
        "[" * 5_000,
        '{"year": 1, "year": 2}',
        "\ud800",
        " " * 17_000,
    ):
        yield request("POST", "/cars", body=text)
        yield request("PATCH", CAR, body=text)
    for encoded in (good.encode(), b"", b"\xff\xfe", b"{}"):
        yield request("POST", "/cars", body=base64.b64encode(encoded).decode(), isBase64Encoded=True)
    for content_type in ("application/json", "APPLICATION/JSON; a=b", "text/plain", "", "application/merge-patch+json"):
        for name in ("Content-Type", "content-type"):
            yield request("POST", "/cars", body=good, headers={name: content_type})
            yield request("PATCH", CAR, body='{"year": 2025}', headers={name: content_type})
    for key in ("key-1", "", "a b", "é", "a" * 256):
        yield request("POST", "/cars", body=json.dumps(DETAILS), headers={"idempotency-KEY": key})
    yield request("POST", "/cars", body=json.dumps({"car_id": "car-1", **DETAILS}))
    yield request("GET", CAR, body=good)
    yield request("DELETE", CAR, body="{")


def of_queries() -> Iterator[Request]:
    queries: list[dict[str, list[str]]] = [{}, {"limit": []}, {"limit": ["1", "2"]}]
    queries += [{"limit": [limit]} for limit in ("1", "0", "\uff11")]
    queries += [
        {"status": ["InCourse"]},
        {"status": ["Flying"]},
        {"next_token": ["???"]},
        {"colour": ["red"]},
        {"": [""]},
    ]
    for resource, query in itertools.product(RESOURCES, queries):
        last = {name: values[-1] for name, values in query.items() if values}
        yield request("GET", resource, multiValueQueryStringParameters=query, queryStringParameters=last)
    yield request("GET", "/cars", multiValueQueryStringParameters=None, queryStringParameters={"colour": "red"})
