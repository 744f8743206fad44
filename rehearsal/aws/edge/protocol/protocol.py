"""What each protocol offers, and which protocol a request speaks. It must not know how a body is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.model import OperationModel

from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.service_api import ApiError


@dataclass(frozen=True)
class WireAnswer:
    """An answer as it goes over the wire."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class WireProtocol(Protocol):
    def operation(self, request: SignedRequest) -> str:
        """The operation's name, read without the service's model; "" where there is none."""
        ...

    def decode(self, request: SignedRequest, model: OperationModel) -> dict[str, Any]:
        """The parameters as boto3 spells them. `ApiError` SerializationException where the body cannot be read."""
        ...

    def encode(self, result: Mapping[str, Any], model: OperationModel, request_id: str) -> WireAnswer: ...

    def encode_error(self, error: ApiError, request_id: str) -> WireAnswer: ...


def unreadable(reason: str) -> ApiError:
    return ApiError("SerializationException", f"The request's body cannot be read: {reason}")
