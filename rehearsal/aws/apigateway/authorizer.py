"""An authorizer as API Gateway keeps it, of either kind of API, and what it looks at in a request.

It must not authorize anybody. Sources: `Authorizer` of the API Gateway API reference, `CreateAuthorizer` of version 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rehearsal.aws.apigateway.request import ApiRequest

_DEFAULT_SECONDS = 300
_TOKEN_HEADER = "method.request.header.Authorization"  # noqa: S105


class AuthorizerType(StrEnum):
    TOKEN = "TOKEN"  # noqa: S105
    REQUEST = "REQUEST"
    COGNITO_USER_POOLS = "COGNITO_USER_POOLS"
    JWT = "JWT"


@dataclass(frozen=True, kw_only=True)
class Authorizer:
    """`payload_format` is "1.0" or "2.0" of an HTTP API, "" of a REST API; `is_simple` asks for simple responses."""

    identifier: str
    type: AuthorizerType
    function_uri: str = ""
    identity_sources: tuple[str, ...] = ()
    validation_expression: str = ""
    ttl_seconds: int = 0
    provider_arns: tuple[str, ...] = ()
    payload_format: str = ""
    is_simple: bool = False
    issuer: str = ""
    audience: tuple[str, ...] = ()

    @classmethod
    def of_rest_api(cls, answer: Mapping[str, Any]) -> Authorizer:
        kind = AuthorizerType(answer["type"])
        ttl = answer.get("authorizerResultTtlInSeconds")
        sources = tuple(source.strip() for source in str(answer.get("identitySource") or "").split(",") if source)
        seconds = _DEFAULT_SECONDS if ttl in (None, "") else int(str(ttl))
        return cls(
            identifier=str(answer["id"]),
            type=kind,
            function_uri=str(answer.get("authorizerUri") or ""),
            identity_sources=sources or (() if kind is AuthorizerType.REQUEST else (_TOKEN_HEADER,)),
            validation_expression=str(answer.get("identityValidationExpression") or ""),
            ttl_seconds=seconds,
            provider_arns=tuple(answer.get("providerARNs") or ()),
        )

    @classmethod
    def of_http_api(cls, answer: Mapping[str, Any]) -> Authorizer:
        ttl, jwt = answer.get("authorizerResultTtlInSeconds"), answer.get("jwtConfiguration") or {}
        sources = answer.get("identitySource") or ()
        return cls(
            identifier=str(answer["authorizerId"]),
            type=AuthorizerType(answer["authorizerType"]),
            function_uri=str(answer.get("authorizerUri") or ""),
            identity_sources=(sources,) if isinstance(sources, str) else tuple(sources),
            ttl_seconds=_DEFAULT_SECONDS if ttl in (None, "") else int(str(ttl)),
            payload_format=str(answer.get("authorizerPayloadFormatVersion") or "2.0"),
            is_simple=bool(answer.get("enableSimpleResponses")),
            issuer=str(jwt.get("issuer") or ""),
            audience=tuple(str(one) for one in jwt.get("audience") or ()),
        )


def identity(
    authorizer: Authorizer, request: ApiRequest, *, stage_variables: Mapping[str, str], context: Mapping[str, Any]
) -> tuple[str, ...]:
    """The values of the identity sources, in their order; "" where the request has none."""
    return tuple(_value(source, request, stage_variables, context) for source in authorizer.identity_sources)


def _value(source: str, request: ApiRequest, stage_variables: Mapping[str, str], context: Mapping[str, Any]) -> str:
    kind, _, name = source.removeprefix("$").removeprefix("method.").partition(".")
    if kind == "request":
        place, _, name = name.partition(".")
        return request.header(name) if place == "header" else request.parameter(name)
    if kind == "stageVariables":
        return stage_variables.get(name, "")
    found: Any = context
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return "" if found is None else str(found)
