"""Compressed requests: AWS's SDKs compress what is large for some operations, CloudWatch's PutMetricData among them.

A signature is of what was sent, so it is checked before. It must not know which operations these are.
Source: "Request compression" of the AWS SDKs and Tools reference guide (`Content-Encoding: gzip`).
"""

from __future__ import annotations

import zlib
from dataclasses import replace

from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.service_api import ApiError

_HEADER = "content-encoding"
_GZIP = 16 + zlib.MAX_WBITS
_LARGEST = 64 * 1024 * 1024


def inflated(request: SignedRequest) -> SignedRequest:
    """The request without the encoding; as it is where it has none. `ApiError` where the body is not what it says."""
    encodings = [name.strip() for name in request.headers.get(_HEADER, "").split(",") if name.strip()]
    if not encodings or encodings[-1].lower() != "gzip":
        return request
    try:
        inflating = zlib.decompressobj(_GZIP)
        body = inflating.decompress(request.body, _LARGEST)
    except zlib.error as exc:
        raise ApiError("SerializationException", f"The body is not the gzip that it is said to be: {exc}.") from exc
    if not inflating.eof:
        raise ApiError("SerializationException", f"The body is no whole gzip of at most {_LARGEST} bytes.")
    headers = {name: value for name, value in request.headers.items() if name != _HEADER}
    if encodings[:-1]:
        headers[_HEADER] = ", ".join(encodings[:-1])
    return replace(request, headers=headers, body=body)
