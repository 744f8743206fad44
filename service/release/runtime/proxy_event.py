"""Events as API Gateway's REST API sends them to Lambda ("Input format of a Lambda function for proxy integration")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4


def proxy_event(
    method: str,
    resource: str,
    *,
    path_parameters: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> dict[str, Any]:
    """The event for `method` on `resource` ("/cars/{car_id}"), as if a caller with IAM authorization had sent it."""
    path = resource.format_map(path_parameters or {})
    now = datetime.now(UTC)
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": "pre-traffic-hook",
        **(headers or {}),
    }
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": dict(path_parameters) if path_parameters else None,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "pre-traffic",
            "resourcePath": resource,
            "httpMethod": method,
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "path": f"/pre-traffic{path}",
            "protocol": "HTTP/1.1",
            "stage": "pre-traffic",
            "requestId": str(uuid4()),
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "pre-traffic-hook"},
            "apiId": "pre-traffic",
        },
        "body": json.dumps(body) if body is not None else None,
        "isBase64Encoded": False,
    }
