"""An answer to a caller, and how it becomes the result that API Gateway's proxy integration reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`done` names the metric that counts what was done, where something was: "CarsCreated"."""

    status: HTTPStatus
    body: str = ""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    done: str | None = None

    def proxy_result(self, *, correlation_id: str) -> dict[str, Any]:
        """Source: "Output format of a Lambda function for proxy integration"."""
        headers = {"X-Correlation-Id": correlation_id, **self.headers}
        if self.body:
            headers["Content-Type"] = self.content_type
        return {"statusCode": self.status.value, "headers": headers, "body": self.body, "isBase64Encoded": False}
