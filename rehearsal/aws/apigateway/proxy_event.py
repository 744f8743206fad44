"""The event that a function behind an API gets: that of a REST API, and payload format 1.0 of an HTTP API.

It must not call AWS. Sources: "Input format of a Lambda function for proxy integration"; "AWS Lambda proxy integrations
for HTTP APIs" (payload format version). What the pages do not say is as events of AWS have it: path and path
parameters stay percent-encoded, a name that came twice counts with its last value, the headers of the connection are
left out, and those of AWS's own front are added.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.aws.apigateway.request import LOOPBACK, ApiRequest
from rehearsal.aws.apigateway.rest_api import RestApi, RestRoute, Stage

SIGNATURE = "AWS4-HMAC-SHA256"
_OF_THE_CONNECTION = frozenset(
    {
        *("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"),
        *("proxy-connection", "proxy-authorization", "proxy-authenticate"),
    }
)
_NOBODY = dict.fromkeys(
    (
        *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
        *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn"),
    )
)


def rest_event(api: RestApi, stage: Stage, route: RestRoute, request: ApiRequest) -> dict[str, Any]:
    """Without an authorizer's words, which `with_authorizer` adds."""
    context = {
        "resourceId": route.resource.identifier,
        "resourcePath": route.resource.path,
        **request_context(request, api_id=api.api_id, account=api.account, region=api.region, stage=stage.name),
        **({"deploymentId": stage.deployment_id} if stage.deployment_id else {}),
    }
    return {
        "resource": route.resource.path,
        **_told(request, dict(route.path_parameters), dict(stage.variables)),
        "requestContext": context,
        **body_of(request, is_binary=is_media_type(request.header("content-type"), api.binary_media_types)),
    }


def http_event_1(
    request: ApiRequest,
    *,
    context: Mapping[str, Any],
    resource: str,
    path_parameters: Mapping[str, str],
    stage_variables: Mapping[str, str],
    is_binary: bool,
) -> dict[str, Any]:
    """Payload format 1.0 of an HTTP API."""
    return {
        "version": "1.0",
        "resource": resource,
        **_told(request, dict(path_parameters), dict(stage_variables)),
        "requestContext": {**context, "resourceId": None, "resourcePath": resource},
        **body_of(request, is_binary=is_binary),
    }


def request_context(request: ApiRequest, *, api_id: str, account: str, region: str, stage: str) -> dict[str, Any]:
    """What does not depend on the route. The domain is the API's own, as on AWS; it does not lead here."""
    received = time.gmtime(request.received_at)
    return {
        "accountId": account,
        "apiId": api_id,
        "domainName": f"{api_id}.execute-api.{region}.amazonaws.com",
        "domainPrefix": api_id,
        "extendedRequestId": f"{request.request_id.replace('-', '')[:15]}=",
        "httpMethod": request.method,
        "identity": {**_NOBODY, "sourceIp": LOOPBACK, "userAgent": request.header("user-agent") or None},
        "path": f"/{stage}{request.path}",
        "protocol": "HTTP/1.1",
        "requestId": request.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", received),
        "requestTimeEpoch": int(request.received_at * 1000),
        "stage": stage,
    }


def with_authorizer(
    event: Mapping[str, Any], authorizer: Mapping[str, Any] | None, identity: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    context = dict(event["requestContext"])
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    if identity:
        context["identity"] = {**context["identity"], **identity}
    return {**event, "requestContext": context}


def told_headers(request: ApiRequest, *, tells_length: bool = False) -> list[tuple[str, str]]:
    """The request's headers as a function is told them. A signature is API Gateway's own business, and left out."""
    left_out = _OF_THE_CONNECTION if tells_length else _OF_THE_CONNECTION | {"content-length"}
    sent = [
        (name, value)
        for name, value in request.headers
        if name.lower() not in left_out
        and not name.lower().startswith("x-forwarded-")
        and not (name.lower() == "authorization" and value.startswith(SIGNATURE))
    ]
    before = request.values("x-forwarded-for")
    front = [
        ("X-Forwarded-For", ", ".join([*before, LOOPBACK])),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]
    if not request.values("x-amzn-trace-id"):
        front.append(("X-Amzn-Trace-Id", f"Root=1-{int(request.received_at):08x}-{secrets.token_hex(12)}"))
    return [*sent, *front]


def body_of(request: ApiRequest, *, is_binary: bool) -> dict[str, Any]:
    if not request.body:
        return {"body": None, "isBase64Encoded": False}
    if is_binary:
        return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}
    return {"body": request.body.decode("utf-8", "replace"), "isBase64Encoded": False}


def is_media_type(media_type: str, declared: Iterable[str]) -> bool:
    """Whether a media type is among those that an API declares as binary; `*/*` is any, none at all too."""
    wanted = media_type.split(",")[0].split(";")[0].strip().lower()
    return any(
        known in (wanted, "*/*") or (known.endswith("/*") and wanted.startswith(known[:-1]))
        for known in (one.strip().lower() for one in declared)
    )


def _told(request: ApiRequest, path_parameters: dict[str, str], stage_variables: dict[str, str]) -> dict[str, Any]:
    headers = told_headers(request)
    return {
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": _all(headers),
        "queryStringParameters": _last(request.parameters) or None,
        "multiValueQueryStringParameters": _all(request.parameters) or None,
        "pathParameters": path_parameters or None,
        "stageVariables": stage_variables or None,
    }


def _last(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By the name as it was first written: header names are the same in any letters."""
    return {name: values[-1] for name, values in _all(pairs).items()}


def _all(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values
