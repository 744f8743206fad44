"""A request as API Gateway's REST API hands it over, and its parts as the routes ask for them.

No request that a caller can send may end in an exception that is not in errors.py. Nothing is parsed before it is
asked for.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, TypeAdapter, ValidationError

from service.api.runtime.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType
from service.cars.car import CarId

Shape = TypeVar("Shape", bound=BaseModel)

MAXIMUM_BODY_BYTES = 16 * 1024
"""A car takes less than a tenth of it, however its JSON is spelled."""

CORRELATION_ID_PATTERN = "[A-Za-z0-9][A-Za-z0-9_.:=-]{7,127}"

_CAR_ID = TypeAdapter(CarId)
_CORRELATION_ID = re.compile(CORRELATION_ID_PATTERN)


@dataclass(frozen=True, kw_only=True)
class Request:
    """`resource` is the path as API Gateway's resource has it ("/cars/{car_id}"); names of headers are in lower case.

    `caller` is the ARN of who signed the request, of a role without its session: SDKs name those anew in each process,
    and who was killed and sends again is still the same. `query` has every value that was sent for a name.
    """

    method: str
    resource: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    caller: str
    correlation_id: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Request:
        """From "Input format of a Lambda function for proxy integration"."""
        context = event["requestContext"]
        headers = {name.lower(): value for name, value in (event["headers"] or {}).items()}
        return cls(
            method=event["httpMethod"],
            resource=event["resource"],
            query=event["multiValueQueryStringParameters"] or {},
            headers=headers,
            body=_body_of(event),
            caller=_caller((context.get("identity") or {}).get("userArn") or ""),
            correlation_id=_correlation_id(headers.get("x-correlation-id", ""), context["requestId"]),
        )

    def car_id(self, encoded: str) -> str:
        """The id of a car, percent-encoded in the path. Raises InvalidRequest for one that no car can have."""
        try:
            return _CAR_ID.validate_python(unquote(encoded))
        except ValidationError as exc:
            raise InvalidRequest.of("path.car_id", exc) from exc

    def query_as(self, shape: type[Shape]) -> Shape:
        """Raises InvalidRequest, also for a name that is not in `shape`, or comes twice."""
        for name, values in self.query.items():
            if len(values) != 1:
                raise InvalidRequest.field("query", name, "It is there more than once.")
        try:
            return shape.model_validate({name: values[0] for name, values in self.query.items()})
        except ValidationError as exc:
            raise InvalidRequest.of("query", exc) from exc

    def body_as(self, shape: type[Shape], content_types: Sequence[str]) -> Shape:
        """Raises UnsupportedMediaType, BodyTooLarge and InvalidRequest."""
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in content_types:
            raise UnsupportedMediaType(content_types)
        if len(self.body) > MAXIMUM_BODY_BYTES:
            raise BodyTooLarge(MAXIMUM_BODY_BYTES)
        try:
            parsed = shape.model_validate_json(self.body)
        except ValidationError as exc:
            raise InvalidRequest.of("body", exc) from exc
        # Pydantic takes the last of two equal names, other readers the first. What has come to here is flat and small.
        json.loads(self.body, object_pairs_hook=_without_duplicates)
        return parsed


def _body_of(event: Mapping[str, Any]) -> bytes:
    text: str = event["body"] or ""
    if event["isBase64Encoded"]:
        return base64.b64decode(text)
    return text.encode(errors="surrogatepass")  # a lone surrogate is no UTF-8: pydantic says so


def _caller(user_arn: str) -> str:
    """`arn:aws:sts::123456789012:assumed-role/name/session` without the session; any other ARN as it is."""
    kind, *names = user_arn.split("/")
    return "/".join((kind, *names[:-1])) if kind.endswith(":assumed-role") and len(names) > 1 else user_arn


def _correlation_id(brought: str, request_id: str) -> str:
    """The caller's own, so that its logs and ours tell one story, if it is a token that can do no harm in a log."""
    return brought if _CORRELATION_ID.fullmatch(brought) else request_id


def _without_duplicates(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequest.field("body", name, "It is there more than once.")
