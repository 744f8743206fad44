"""Payload format 2.0: the event that a function behind an HTTP API gets.

It must not call AWS. Source: "AWS Lambda proxy integrations for HTTP APIs" (payload format version 2.0): names of
headers in small letters, what came twice with commas between, cookies by themselves, and only what there is. The pages
do not say that `rawPath` is decoded and begins with a named stage, nor which bodies are base64; events of AWS do.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from rehearsal.aws.apigateway.http_api import DEFAULT, HttpApi
from rehearsal.aws.apigateway.proxy_event import body_of, told_headers
from rehearsal.aws.apigateway.request import LOOPBACK, ApiRequest, joined

_TEXT = frozenset({"application/json", "application/xml", "application/javascript"})


def http_event_2(
    api: HttpApi, stage: str, route_key: str, path_parameters: Mapping[str, str], request: ApiRequest
) -> dict[str, Any]:
    """Without an authorizer's words."""
    headers = [(name.lower(), value) for name, value in told_headers(request, tells_length=True)]
    cookies = [cookie.strip() for value in request.values("cookie") for cookie in value.split(";") if cookie.strip()]
    path = raw_path(stage, request.path)
    event = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": request.query,
        **({"cookies": cookies} if cookies else {}),
        "headers": joined((name, value) for name, value in headers if name != "cookie"),
        "queryStringParameters": joined(request.parameters),
        "requestContext": _context(api, stage, route_key, path, request),
        "pathParameters": dict(path_parameters),
        "stageVariables": dict(api.stages.get(stage, {})),
        **body_of(request, is_binary=not is_text(request)),
    }
    return {name: value for name, value in event.items() if value not in (None, {})}


def raw_path(stage: str, path: str) -> str:
    decoded = unquote(path)
    return decoded if stage == DEFAULT else f"/{stage}{decoded}"


def is_text(request: ApiRequest) -> bool:
    media_type = request.header("content-type").split(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT


def _context(api: HttpApi, stage: str, route_key: str, path: str, request: ApiRequest) -> dict[str, Any]:
    received = time.gmtime(request.received_at)
    return {
        "accountId": api.account,
        "apiId": api.api_id,
        "domainName": f"{api.api_id}.execute-api.{api.region}.amazonaws.com",
        "domainPrefix": api.api_id,
        "http": {
            "method": request.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": LOOPBACK,
            "userAgent": request.header("user-agent"),
        },
        "requestId": request.request_id,
        "routeKey": route_key,
        "stage": stage,
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", received),
        "timeEpoch": int(request.received_at * 1000),
    }
