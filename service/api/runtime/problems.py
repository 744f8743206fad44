"""How the API says no: problem documents (RFC 9457), made in this one place.

{"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is no car 'x'."}; a refused field is also
in "errors": [{"field": "body.year", "problem": "Input should be …"}]. It must not answer 5xx: what is our fault is
raised, so that Lambda counts it as an error of this version (and API Gateway answers 502). That holds for a throttled
table, too, after the SDK's own attempts: a 503 with Retry-After would be kinder, and invisible to the canary; callers
back off after a 502 all the same.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from service.api.runtime.answer import Answer
from service.api.runtime.errors import RequestRefused
from service.cars.errors import CarAlreadyExists, CarError, CarHasChanged, CarNotFound, InvalidPageToken

CONTENT_TYPE = "application/problem+json"

TITLES: dict[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "Bad Request",
    HTTPStatus.UNAUTHORIZED: "Unauthorized",
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.NOT_FOUND: "Not Found",
    HTTPStatus.METHOD_NOT_ALLOWED: "Method Not Allowed",
    HTTPStatus.CONFLICT: "Conflict",
    HTTPStatus.PRECONDITION_FAILED: "Precondition Failed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Unsupported Media Type",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content",
    HTTPStatus.PRECONDITION_REQUIRED: "Precondition Required",
    HTTPStatus.TOO_MANY_REQUESTS: "Too Many Requests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal Server Error",
    HTTPStatus.GATEWAY_TIMEOUT: "Gateway Timeout",
}
"""As RFC 9110 and RFC 6585 have them. `HTTPStatus.phrase` changes with Python, and so would the API's template."""

STATUSES: dict[type[CarError], HTTPStatus] = {
    CarNotFound: HTTPStatus.NOT_FOUND,
    CarAlreadyExists: HTTPStatus.CONFLICT,
    CarHasChanged: HTTPStatus.PRECONDITION_FAILED,
    InvalidPageToken: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Those errors of the domain that a caller of the API can cause. Any other is not the caller's."""


def problem(refusal: RequestRefused | CarError) -> Answer:
    """The answer to a request that was refused. Raises `refusal` again when it is nothing that a caller can cause."""
    if isinstance(refusal, RequestRefused):
        status, errors, headers = refusal.status, refusal.errors, refusal.headers
    elif type(refusal) in STATUSES:
        status, errors, headers = STATUSES[type(refusal)], (), {}
    else:
        raise refusal
    document: dict[str, object] = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status.value,
        "detail": str(refusal),
    }
    if errors:
        document["errors"] = errors
    return Answer(status=status, body=json.dumps(document), content_type=CONTENT_TYPE, headers=headers)
