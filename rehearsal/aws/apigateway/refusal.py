"""What API Gateway says instead of an integration: the types of gateway responses, and the answers of HTTP APIs.

It must not know why somebody is refused. Source: "Gateway response types for API Gateway".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ResponseType(StrEnum):
    """The gateway responses that are given here, by AWS's names."""

    ACCESS_DENIED = "ACCESS_DENIED"
    API_CONFIGURATION_ERROR = "API_CONFIGURATION_ERROR"
    AUTHORIZER_CONFIGURATION_ERROR = "AUTHORIZER_CONFIGURATION_ERROR"
    AUTHORIZER_FAILURE = "AUTHORIZER_FAILURE"
    BAD_REQUEST_BODY = "BAD_REQUEST_BODY"
    BAD_REQUEST_PARAMETERS = "BAD_REQUEST_PARAMETERS"
    DEFAULT_4XX = "DEFAULT_4XX"
    DEFAULT_5XX = "DEFAULT_5XX"
    EXPIRED_TOKEN = "EXPIRED_TOKEN"  # noqa: S105
    INTEGRATION_TIMEOUT = "INTEGRATION_TIMEOUT"
    INVALID_API_KEY = "INVALID_API_KEY"
    INVALID_SIGNATURE = "INVALID_SIGNATURE"
    MISSING_AUTHENTICATION_TOKEN = "MISSING_AUTHENTICATION_TOKEN"  # noqa: S105
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    UNAUTHORIZED = "UNAUTHORIZED"


INTERNAL_ERROR = "Internal server error"
_INTERNAL = (ResponseType.API_CONFIGURATION_ERROR, INTERNAL_ERROR, "InternalServerErrorException")


class Refused(Exception):
    """The call ends here. `message` is `$context.error.message`, None where AWS has no words.

    `error_type` is the header `x-amzn-ErrorType`, "" for none.
    """

    def __init__(self, response_type: ResponseType, message: str | None, error_type: str = "") -> None:
        super().__init__(f"{response_type}: {message}")
        self.response_type = response_type
        self.message = message
        self.error_type = error_type


@dataclass(frozen=True)
class HttpAnswer:
    """`headers` may name one several times."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


def unauthorized() -> Refused:
    return Refused(ResponseType.UNAUTHORIZED, "Unauthorized", "UnauthorizedException")


def missing_token() -> Refused:
    """To a call that should be signed, and to one of a resource or method that does not exist."""
    return Refused(
        ResponseType.MISSING_AUTHENTICATION_TOKEN,
        "Missing Authentication Token",
        "MissingAuthenticationTokenException",
    )


def authorizer_is_broken() -> Refused:
    """There is no such function, or what it answers is no authorizer's answer."""
    return Refused(ResponseType.AUTHORIZER_CONFIGURATION_ERROR, INTERNAL_ERROR, "AuthorizerConfigurationException")


def authorizer_failed() -> Refused:
    return Refused(ResponseType.AUTHORIZER_FAILURE, None, "AuthorizerConfigurationException")


def denied(*, is_explicit: bool) -> Refused:
    ending = " with an explicit deny" if is_explicit else ""
    words = f"User is not authorized to access this resource{ending}"
    return Refused(ResponseType.ACCESS_DENIED, words, "AccessDeniedException")


def timed_out() -> Refused:
    return Refused(ResponseType.INTEGRATION_TIMEOUT, "Endpoint request timed out", "InternalServerErrorException")


def misconfigured() -> Refused:
    return Refused(*_INTERNAL)
