"""What of an API cannot be rehearsed, by name, so that a plan can refuse it. It must not look at anything deployed.

A resource's properties are as certain as a template can tell: `<…>` stands for what only a deployment knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_USER_POOL = re.compile(r"https://cognito-idp\.[^/]+\.amazonaws\.com(\.cn)?/.+")
_TOKEN = "<"  # noqa: S105
_VALIDATOR_KEYS = ("x-amazon-apigateway-request-validator", "x-amazon-apigateway-request-validators")


def unsupported(resource_type: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Sentences, none for a type that is none of an API's."""
    match resource_type:
        case "AWS::ApiGatewayV2::Authorizer":
            yield from _of_http_authorizer(properties)
        case "AWS::ApiGateway::Authorizer":
            yield from _of_rest_authorizer(properties)
        case "AWS::ApiGateway::RestApi":
            yield from _of_rest_api(properties)


def _of_http_authorizer(properties: Mapping[str, Any]) -> Iterator[str]:
    issuer = str((properties.get("JwtConfiguration") or {}).get("Issuer") or "")
    if properties.get("AuthorizerType") == "JWT" and not (_USER_POOL.fullmatch(issuer) or _TOKEN in issuer):
        yield (
            f"the JWT issuer {issuer or 'that is not given'}: its keys are not on this machine, so no token of it "
            "would be valid; a Cognito user pool of the app is supported"
        )


def _of_rest_authorizer(properties: Mapping[str, Any]) -> Iterator[str]:
    kind = str(properties.get("Type"))
    if _TOKEN not in kind and kind not in ("TOKEN", "REQUEST", "COGNITO_USER_POOLS"):
        yield f"an authorizer of the type {kind}; supported: TOKEN, REQUEST, COGNITO_USER_POOLS"


def _of_rest_api(properties: Mapping[str, Any]) -> Iterator[str]:
    if properties.get("ApiKeySourceType") == "AUTHORIZER":
        yield "API keys that an authorizer names (ApiKeySourceType AUTHORIZER); HEADER is supported"
    if _holds(properties.get("Body"), _VALIDATOR_KEYS):
        yield (
            "request validators in an OpenAPI definition (x-amazon-apigateway-request-validator): the emulator leaves "
            "them out; AWS::ApiGateway::RequestValidator is supported"
        )


def _holds(value: Any, keys: tuple[str, ...]) -> bool:
    if isinstance(value, Mapping):
        return any(key in keys or _holds(item, keys) for key, item in value.items())
    return isinstance(value, list) and any(_holds(item, keys) for item in value)
