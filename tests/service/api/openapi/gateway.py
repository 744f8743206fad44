"""The API's handler as a WSGI application: API Gateway's part between HTTP and Lambda, for tests that speak HTTP."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from service.api.runtime import handler
from service.api.runtime.resources import RESOURCES
from tests.service.conftest import FakeContext, load_event

StartResponse = Callable[[str, list[tuple[str, str]]], object]
PATTERNS = {resource: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", resource)) for resource in RESOURCES}


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """What the function raises goes through: it would be a 502."""
    answer = json.loads(json.dumps(handler.handle(proxy_event(environ), FakeContext())))
    status = HTTPStatus(answer["statusCode"])
    start_response(f"{status.value} {status.phrase}", list(answer["headers"].items()))
    return [answer["body"].encode()]


def proxy_event(environ: dict[str, Any]) -> dict[str, Any]:
    """Source: "Input format of a Lambda function for proxy integration"."""
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    found = {resource: pattern.fullmatch(path) for resource, pattern in PATTERNS.items()}
    resource, match = next(((name, each) for name, each in found.items() if each), (path, None))
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        query.setdefault(name, []).append(value)
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    event = load_event("api-gateway-rest")
    event |= {
        "httpMethod": environ["REQUEST_METHOD"],
        "path": path,
        "resource": resource,
        "pathParameters": {name: unquote(value) for name, value in match.groupdict().items()} if match else None,
        "headers": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }
    return event
