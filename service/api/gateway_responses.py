"""What API Gateway answers itself, before or in place of the function: problem documents (RFC 9457), as the function's.

The types and their statuses are those of "Gateway response types for API Gateway". Whatever the caller accepts, API
Gateway takes the template for application/json; a header of ours says what it is. It must not say anything of what is
behind the API. DEFAULT_4XX and DEFAULT_5XX stand for many statuses and can name none, so their documents leave it out.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from aws_cdk import aws_apigateway as apigateway

from service.api.runtime.problems import CONTENT_TYPE, TITLES

AWS_SAYS = "$context.error.messageString"
"""API Gateway's own sentence, a JSON string."""

_AGAIN = "Try again after a moment, and wait longer each time."
PROBLEMS: dict[str, tuple[HTTPStatus, str]] = {
    "ACCESS_DENIED": (HTTPStatus.FORBIDDEN, AWS_SAYS),
    "API_CONFIGURATION_ERROR": (HTTPStatus.INTERNAL_SERVER_ERROR, f"The API is not set up as it has to be. {_AGAIN}"),
    "BAD_REQUEST_BODY": (HTTPStatus.BAD_REQUEST, AWS_SAYS),
    "BAD_REQUEST_PARAMETERS": (HTTPStatus.BAD_REQUEST, AWS_SAYS),
    "EXPIRED_TOKEN": (HTTPStatus.FORBIDDEN, "The credentials that signed the request have expired: get new ones."),
    "INTEGRATION_FAILURE": (HTTPStatus.GATEWAY_TIMEOUT, f"The service could not be asked. {_AGAIN}"),
    "INTEGRATION_TIMEOUT": (HTTPStatus.GATEWAY_TIMEOUT, f"The service has not answered in time. {_AGAIN}"),
    "INVALID_API_KEY": (HTTPStatus.FORBIDDEN, "The API key is missing, or is none of this API."),
    "INVALID_SIGNATURE": (HTTPStatus.FORBIDDEN, AWS_SAYS),
    "MISSING_AUTHENTICATION_TOKEN": (
        HTTPStatus.FORBIDDEN,
        "The request is not signed (AWS Signature Version 4, service execute-api), or there is no such resource.",
    ),
    "QUOTA_EXCEEDED": (HTTPStatus.TOO_MANY_REQUESTS, "The quota of the usage plan is used up."),
    "REQUEST_TOO_LARGE": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is larger than 10 MB."),
    "RESOURCE_NOT_FOUND": (HTTPStatus.NOT_FOUND, "There is no such resource."),
    "THROTTLED": (HTTPStatus.TOO_MANY_REQUESTS, f"There are more requests than the API takes. {_AGAIN}"),
    "UNAUTHORIZED": (HTTPStatus.UNAUTHORIZED, AWS_SAYS),
    "UNSUPPORTED_MEDIA_TYPE": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, AWS_SAYS),
    "WAF_FILTERED": (HTTPStatus.FORBIDDEN, "The firewall let the request not pass: too many came from one address."),
}
DEFAULTS = {
    "DEFAULT_4XX": ("The request cannot be done", AWS_SAYS),
    "DEFAULT_5XX": ("The service has failed", json.dumps(f"That is not the request's fault. {_AGAIN}")),
}


def add_gateway_responses(api: apigateway.RestApi) -> None:
    """They are part of the deployment: a changed one is deployed anew."""
    for kind, (status, detail) in PROBLEMS.items():
        _add(
            api,
            kind,
            _document(title=TITLES[status], status=status, detail=detail if detail == AWS_SAYS else json.dumps(detail)),
            status=status,
        )
    for kind, (title, detail) in DEFAULTS.items():
        _add(api, kind, _document(title=title, status=None, detail=detail), status=None)


def _add(api: apigateway.RestApi, kind: str, document: str, *, status: HTTPStatus | None) -> None:
    retry = {"Retry-After": "'1'"} if kind == "THROTTLED" else {}
    api.add_gateway_response(
        "".join(word.capitalize() for word in kind.split("_")),
        type=apigateway.ResponseType.of(kind),
        status_code=None if status is None else str(status.value),
        response_headers={"Content-Type": f"'{CONTENT_TYPE}'", **retry},
        templates={"application/json": document},
    )


def _document(*, title: str, status: HTTPStatus | None, detail: str) -> str:
    """`detail` is JSON already, or the variable that becomes it."""
    members = {"type": '"about:blank"', "title": json.dumps(title)}
    if status is not None:
        members["status"] = str(status.value)
    members["detail"] = detail
    return "{" + ", ".join(f'"{name}": {value}' for name, value in members.items()) + "}"
