"""What API Gateway's proxy integration hands to a function, and what it makes of the answer.

It must not call AWS. Sources: "Lambda proxy integrations in API Gateway" (payload formats 1.0 and 2.0; a function error
or a malformed answer is 502 with "Internal server error").
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.lambda_host.function import InvocationResult

_FRESH_SECONDS = 60.0
_INTERNAL_SERVER_ERROR = {
    "statusCode": 502,
    "headers": {"Content-Type": "application/json", "x-amzn-ErrorType": "InternalServerErrorException"},
    "body": '{"message": "Internal server error"}',
}


@dataclass(frozen=True)
class ApiRequest:
    """Which API says that it sent an event. `resource` and `method` find the integration of a REST API; `resource`
    alone, a route key, that of an HTTP API."""

    api_id: str
    stage: str
    resource: str
    method: str
    is_http_api: bool

    @classmethod
    def from_event(cls, event: object, *, now: float | None = None) -> ApiRequest | None:
        """None when the event does not look like one that API Gateway sent just now."""
        context = event.get("requestContext") if isinstance(event, Mapping) else None
        if not isinstance(context, Mapping) or not isinstance(event, Mapping):
            return None
        is_http_api = event.get("version") == "2.0"
        sent_ms = context.get("timeEpoch" if is_http_api else "requestTimeEpoch")
        now = time.time() if now is None else now
        if not isinstance(sent_ms, int | float) or abs(now - sent_ms / 1000) > _FRESH_SECONDS:
            return None
        resource = context.get("routeKey" if is_http_api else "resourceId")
        request = cls(
            api_id=str(context.get("apiId") or ""),
            stage=str(context.get("stage") or ""),
            resource=str(resource or ""),
            method=str(context.get("httpMethod") or ""),
            is_http_api=is_http_api,
        )
        return request if request.api_id and request.resource else None


@dataclass(frozen=True)
class ApiAnswer:
    """`payload` is what the emulator's API Gateway reads, `status` the caller's HTTP status."""

    status: int
    payload: bytes


def answer_of(result: InvocationResult, request: ApiRequest) -> ApiAnswer:
    """What API Gateway answers for the function's result."""
    if result.function_error is not None:
        return _internal_server_error()
    try:
        answer: Any = json.loads(result.payload)
    except ValueError:
        return _internal_server_error()
    has_status = isinstance(answer, dict) and "statusCode" in answer
    if not has_status:
        # An HTTP API takes any other JSON as the body of a 200; a REST API does not.
        return ApiAnswer(200, result.payload) if request.is_http_api else _internal_server_error()
    body = answer.get("body")
    if not (body is None or isinstance(body, str) or request.is_http_api):
        return _internal_server_error()
    if body is None:  # no body is an empty one; the emulator cannot send null
        answer["body"] = ""
    try:
        return ApiAnswer(int(answer["statusCode"]), json.dumps(answer).encode())
    except (TypeError, ValueError):
        return _internal_server_error()


def _internal_server_error() -> ApiAnswer:
    return ApiAnswer(502, json.dumps(_INTERNAL_SERVER_ERROR).encode())
