"""How large the payloads of an invocation may be.

It must not run anything. Sources: "Lambda quotas" (invocation payload: 6 MB each for request and response, synchronous;
1 MB, asynchronous), API Invoke (RequestTooLargeException, 413). The words, the code on the wire and the bytes are AWS's
answers: its pages count in MB.
"""

from __future__ import annotations

import json

from rehearsal.aws.service_api import ApiError

SYNCHRONOUS_BYTES = 6 * 1024 * 1024
ASYNCHRONOUS_BYTES = 1024 * 1024
RESPONSE_BYTES = SYNCHRONOUS_BYTES + 100
_TOO_LARGE = 413


def refuse_request(payload: bytes, *, is_asynchronous: bool) -> None:
    """`ApiError` RequestEntityTooLargeException."""
    if is_asynchronous and len(payload) > ASYNCHRONOUS_BYTES:
        raise ApiError(
            "RequestEntityTooLargeException",
            f"{len(payload)} byte payload is too large for the Event invocation type"
            f" (limit {ASYNCHRONOUS_BYTES} bytes)",
            status=_TOO_LARGE,
        )
    if len(payload) > SYNCHRONOUS_BYTES:
        raise ApiError(
            "RequestEntityTooLargeException",
            f"Request must be smaller than {SYNCHRONOUS_BYTES} bytes for the InvokeFunction operation",
            status=_TOO_LARGE,
        )


def too_large_response(payload: bytes) -> bytes | None:
    """The function error in the response's place, as JSON; None for a response that Lambda takes."""
    if len(payload) <= RESPONSE_BYTES:
        return None
    words = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
    return json.dumps({"errorMessage": words, "errorType": "Function.ResponseSizeTooLarge"}).encode()
