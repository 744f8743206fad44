"""A refusal in the words of a REST API: its gateway response of that type, else DEFAULT_4XX or DEFAULT_5XX, else AWS's.

It must not decide who is refused. Sources: "Gateway responses for REST APIs in API Gateway", "Gateway response types
for API Gateway", "Set up a gateway response" (parameters from the request, templates of plain substitution).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from rehearsal.aws.apigateway.refusal import HttpAnswer, Refused, ResponseType
from rehearsal.aws.apigateway.request import ApiRequest

_STATUS: Mapping[ResponseType, int] = {
    ResponseType.ACCESS_DENIED: 403,
    ResponseType.API_CONFIGURATION_ERROR: 500,
    ResponseType.AUTHORIZER_CONFIGURATION_ERROR: 500,
    ResponseType.AUTHORIZER_FAILURE: 500,
    ResponseType.BAD_REQUEST_BODY: 400,
    ResponseType.BAD_REQUEST_PARAMETERS: 400,
    ResponseType.DEFAULT_4XX: 403,
    ResponseType.DEFAULT_5XX: 500,
    ResponseType.EXPIRED_TOKEN: 403,
    ResponseType.INTEGRATION_TIMEOUT: 504,
    ResponseType.INVALID_API_KEY: 403,
    ResponseType.INVALID_SIGNATURE: 403,
    ResponseType.MISSING_AUTHENTICATION_TOKEN: 403,
    ResponseType.REQUEST_TOO_LARGE: 413,
    ResponseType.UNAUTHORIZED: 401,
}
_JSON = "application/json"
_TEMPLATE = '{"message":$context.error.messageString}'
_VARIABLE = re.compile(r"\$(?:\{([\w.]+)\}|([A-Za-z]\w*(?:\.[A-Za-z]\w*)*))")
_HEADER = "gatewayresponse.header."


def gateway_response(
    refused: Refused,
    declared: Mapping[str, Mapping[str, Any]],
    request: ApiRequest,
    *,
    context: Mapping[str, str],
    path_parameters: Mapping[str, str],
    stage_variables: Mapping[str, str],
) -> HttpAnswer:
    """`declared` are the API's own gateway responses, as GetGatewayResponses answers them, by type."""
    kind = refused.response_type
    general = ResponseType.DEFAULT_4XX if _STATUS[kind] < 500 else ResponseType.DEFAULT_5XX
    found = declared.get(kind) or declared.get(general) or {}
    template = (found.get("responseTemplates") or {}).get(_JSON) or _TEMPLATE
    variables = {
        **{f"context.{name}": value for name, value in context.items()},
        **{f"stageVariables.{name}": value for name, value in stage_variables.items()},
        "context.error.message": refused.message or "",
        "context.error.messageString": json.dumps(refused.message),
        "context.error.responseType": str(kind),
    }
    body = _VARIABLE.sub(lambda match: variables.get(match[1] or match[2], match[0]), template)
    headers = dict(_headers(found.get("responseParameters") or {}, request, variables, path_parameters))
    if refused.error_type:
        headers["x-amzn-ErrorType"] = refused.error_type
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _JSON
    return HttpAnswer(int(found.get("statusCode") or _STATUS[kind]), tuple(headers.items()), body.encode())


def _headers(
    parameters: Mapping[str, str],
    request: ApiRequest,
    variables: Mapping[str, str],
    path_parameters: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """Those whose value is a text in quotes, or is in the request; others are left out."""
    for name, source in parameters.items():
        value = _value(str(source), request, variables, path_parameters)
        if name.startswith(_HEADER) and value is not None:
            yield name.removeprefix(_HEADER), value


def _value(
    source: str, request: ApiRequest, variables: Mapping[str, str], path_parameters: Mapping[str, str]
) -> str | None:
    if len(source) > 1 and source[0] == source[-1] == "'":
        return source[1:-1]
    place, _, name = source.removeprefix("method.request.").partition(".")
    match place:
        case "header":
            return request.header(name) or None
        case "querystring":
            return request.parameter(name) or None
        case "path":
            return unquote(path_parameters[name]) if name in path_parameters else None
        case _:
            return variables.get(source)
