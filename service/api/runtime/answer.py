"""An answer to a caller, and how it becomes a response of Powertools' resolver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`done` names the metric that counts what was done, where something was: "CarsCreated"."""

    status: HTTPStatus
    body: str = ""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    done: str | None = None

    def response(self, *, correlation_id: str) -> Response[str]:
        """One without a body has no Content-Type."""
        return Response(
            status_code=self.status.value,
            content_type=self.content_type if self.body else None,
            body=self.body,
            headers={"X-Correlation-Id": correlation_id, **self.headers},
        )
