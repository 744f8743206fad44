"""Smithy RPC v2 CBOR: the operation in the path (/service/<Name>/operation/<Operation>), the parameters as CBOR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cbor2
from botocore.model import OperationModel, Shape

from rehearsal.aws.edge.protocol.protocol import WireAnswer, unreadable
from rehearsal.aws.edge.protocol.values import as_utc, convert, known_members, read_timestamp
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.service_api import ApiError

_CONTENT_TYPE = "application/cbor"
_HEADERS = {"smithy-protocol": "rpc-v2-cbor"}
_EPOCH_SECONDS = 1  # the CBOR tag of a timestamp


class CborProtocol:
    """See the module."""

    def operation(self, request: SignedRequest) -> str:
        return request.target.partition("?")[0].rpartition("/operation/")[2]

    def decode(self, request: SignedRequest, model: OperationModel) -> dict[str, Any]:
        if model.input_shape is None:
            return {}
        try:
            sent = cbor2.loads(request.body) if request.body else {}
            parameters: dict[str, Any] = convert(known_members(sent, model.input_shape), model.input_shape, _read)
        except (cbor2.CBORError, ValueError, AttributeError, TypeError) as exc:
            raise unreadable(str(exc)) from exc
        return parameters

    def encode(self, result: Mapping[str, Any], model: OperationModel, request_id: str) -> WireAnswer:
        written = convert(result, model.output_shape, _write) if model.output_shape else {}
        return WireAnswer(200, _CONTENT_TYPE, cbor2.dumps(written), _HEADERS)

    def encode_error(self, error: ApiError, request_id: str) -> WireAnswer:
        body = cbor2.dumps({"__type": error.code, "message": error.message})
        fault = "Sender" if error.status < 500 else "Receiver"
        headers = {**_HEADERS, "x-amzn-query-error": f"{error.code};{fault}"}
        return WireAnswer(error.status, _CONTENT_TYPE, body, headers)


def _read(value: Any, shape: Shape) -> Any:
    return read_timestamp(value) if shape.type_name == "timestamp" else value


def _write(value: Any, shape: Shape) -> Any:
    match shape.type_name:
        case "timestamp":
            return cbor2.CBORTag(_EPOCH_SECONDS, as_utc(value).timestamp())
        case "double" | "float":
            return float(value)
        case _:
            return value
