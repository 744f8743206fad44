"""Which protocol a request speaks. It must not read the body."""

from __future__ import annotations

from rehearsal.aws.edge.protocol.cbor_protocol import CborProtocol
from rehearsal.aws.edge.protocol.json_protocol import JsonProtocol
from rehearsal.aws.edge.protocol.protocol import WireProtocol
from rehearsal.aws.edge.protocol.query_protocol import QueryProtocol
from rehearsal.aws.edge.signature import SignedRequest


def protocol_of(request: SignedRequest) -> WireProtocol | None:
    """The protocol, or None for a request that speaks none of the three (REST)."""
    if "x-amz-target" in request.headers:
        is_1_0 = request.headers.get("content-type", "").startswith("application/x-amz-json-1.0")
        return JsonProtocol("1.0" if is_1_0 else "1.1")
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return CborProtocol()
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return QueryProtocol()
    return None
