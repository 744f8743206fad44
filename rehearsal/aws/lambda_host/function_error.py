"""Carries the error of a failed invocation through the emulator, which has room for a short text only.

The emulator answers an Invoke whose function failed with "Proxy target returned HTTP 500: <first 512 bytes>". The host
sends a short form; the edge asks for the whole payload when it sees one on its way back to the caller.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict

_EMULATOR_PREFIX = "Proxy target returned HTTP 500: "
_ROOM_BYTES = 480
_KEPT = 1000


class FunctionErrors:
    """The payloads of the latest failed invocations. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._payloads: OrderedDict[str, bytes] = OrderedDict()

    def shorten(self, request_id: str, payload: bytes) -> bytes:
        """Keeps the payload and gives the short form for the emulator: still an error with its type and message."""
        with self._lock:
            self._payloads[request_id] = payload
            while len(self._payloads) > _KEPT:
                self._payloads.popitem(last=False)
        try:
            error = json.loads(payload)
        except ValueError:
            error = {}
        error = error if isinstance(error, dict) else {}
        short = {"requestId": request_id, "errorType": str(error.get("errorType", ""))[:100]}
        message = str(error.get("errorMessage", ""))
        while True:
            encoded = json.dumps({**short, "errorMessage": message}).encode()
            if len(encoded) <= _ROOM_BYTES:
                return encoded
            message = message[: len(message) // 2]

    def restore(self, body: bytes) -> bytes:
        """The function's own error for an Invoke answer's body of the emulator; any other body as it is."""
        try:
            message = json.loads(body)["errorMessage"]
            if not message.startswith(_EMULATOR_PREFIX):
                return body
            request_id = json.loads(message.removeprefix(_EMULATOR_PREFIX))["requestId"]
        except (ValueError, TypeError, KeyError, AttributeError):
            return body
        with self._lock:
            return self._payloads.get(request_id, body)
