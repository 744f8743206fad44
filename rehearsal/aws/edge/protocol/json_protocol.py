"""AWS JSON 1.0 and 1.1: the operation in X-Amz-Target, the parameters as a JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import OperationModel, Shape

from rehearsal.aws.edge.protocol.protocol import WireAnswer, unreadable
from rehearsal.aws.edge.protocol.values import (
    as_utc,
    convert,
    known_members,
    read_blob,
    read_timestamp,
    write_blob,
)
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.service_api import ApiError


class JsonProtocol:
    """See the module. `version` is 1.0 or 1.1, as the client speaks it."""

    def __init__(self, version: str = "1.1") -> None:
        self._content_type = f"application/x-amz-json-{version}"

    def operation(self, request: SignedRequest) -> str:
        return request.headers.get("x-amz-target", "").rpartition(".")[2]

    def decode(self, request: SignedRequest, model: OperationModel) -> dict[str, Any]:
        if model.input_shape is None:
            return {}
        try:
            sent = json.loads(request.body or b"{}")
            parameters: dict[str, Any] = convert(known_members(sent, model.input_shape), model.input_shape, _read)
        except (ValueError, AttributeError, TypeError) as exc:
            raise unreadable(str(exc)) from exc
        return parameters

    def encode(self, result: Mapping[str, Any], model: OperationModel, request_id: str) -> WireAnswer:
        written = convert(result, model.output_shape, _write) if model.output_shape else {}
        return WireAnswer(200, self._content_type, json.dumps(written).encode())

    def encode_error(self, error: ApiError, request_id: str) -> WireAnswer:
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        return WireAnswer(error.status, self._content_type, body, {"x-amzn-ErrorType": error.code})


def _read(value: Any, shape: Shape) -> Any:
    match shape.type_name:
        case "timestamp":
            return read_timestamp(value)
        case "blob":
            return read_blob(value)
        case _:
            return value


def _write(value: Any, shape: Shape) -> Any:
    match shape.type_name:
        case "timestamp":
            return as_utc(value).timestamp()
        case "blob":
            return write_blob(value)
        case _:
            return value
