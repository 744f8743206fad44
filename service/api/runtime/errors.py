"""Why a request cannot even be asked of the domain.

RequestRefused
├── NoSuchResource           the API has no such path (API Gateway lets none through)
├── MethodNotAllowed         the path has no such method (API Gateway lets none through)
├── UnsupportedMediaType     the body is said to be something else than the route takes
├── BodyTooLarge             the body is longer than any that makes sense
├── PreconditionRequired     the route asks for If-Match
├── InvalidRequest           some part of the request is not as the API asks for it
└── IdempotencyKeyReused     the caller's key was used for another car before
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class RequestRefused(Exception):
    """`status` is what it is answered with, `headers` what that status asks for besides."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = {}


class NoSuchResource(RequestRefused):
    status = HTTPStatus.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such resource: GET /openapi.json describes those that there are.")


class MethodNotAllowed(RequestRefused):
    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"This resource has {', '.join(allowed)} only.")
        self.headers = {"Allow": ", ".join(allowed)}


class UnsupportedMediaType(RequestRefused):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE

    def __init__(self, content_types: Sequence[str]) -> None:
        super().__init__(f"The body has to be sent with Content-Type {' or '.join(content_types)}.")


class BodyTooLarge(RequestRefused):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, maximum_bytes: int) -> None:
        super().__init__(f"The body is longer than {maximum_bytes} bytes.")


class PreconditionRequired(RequestRefused):
    status = HTTPStatus.PRECONDITION_REQUIRED

    def __init__(self) -> None:
        super().__init__("Send If-Match with the ETag of the car that you have read, or * to replace it unseen.")


class InvalidRequest(RequestRefused):
    """`errors` names each field, as "body.year", and what is wrong with it."""

    def __init__(self, part: str, errors: Sequence[Mapping[str, str]]) -> None:
        super().__init__(f"The {part} of the request is not valid.")
        self.errors = errors

    @classmethod
    def of(cls, part: str, error: ValidationError) -> InvalidRequest:
        """What pydantic found in a `part` ("body", "path", "query") of a request; none of what the caller sent."""
        found = error.errors(include_url=False, include_context=False, include_input=False)
        names = [".".join(str(name) for name in (part, *each["loc"])) for each in found]
        return cls(part, [{"field": name, "problem": each["msg"]} for name, each in zip(names, found, strict=True)])

    @classmethod
    def field(cls, part: str, name: str, problem: str) -> InvalidRequest:
        return cls(part, [{"field": f"{part}.{name}" if name else part, "problem": problem}])


class IdempotencyKeyReused(RequestRefused):
    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was sent before, with another body: a new car needs a new key.")
