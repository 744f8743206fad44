"""CloudFormation's end of a custom resource whose function does not answer: without it a stack waits for an hour.

CloudFormation invokes the function asynchronously and waits for an answer at ResponseURL. A function that has failed
for the last time, or has timed out, will not answer: the resource fails at once, and the reason names the cause. One
that has returned without an answer may have left it to somebody else (a state machine): it gets `ServiceTimeout` on the
run's clock, and never less than five minutes. It must not answer for a function that has answered: CloudFormation takes
the first answer only.

Sources: "Custom resource request and response reference" (ServiceTimeout), "Using AWS Lambda with AWS CloudFormation".
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rehearsal.aws.lambda_host.function import InvocationResult

_ANSWERS = "/_ministack/cfn-response/"
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_DEFAULT_SERVICE_TIMEOUT_SECONDS = 3600.0
_SHORTEST_SECONDS = 300.0
_SEND_SECONDS = 30.0
_LONGEST_REASON = 3000  # of the 4096 bytes that CloudFormation takes as a whole
_TIMED_OUT = "Sandbox.Timedout"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CustomResourceRequest:
    """What CloudFormation has asked of a function; `port` and `path` are where it waits for the answer."""

    request_type: str
    logical_id: str
    stack_id: str
    request_id: str
    physical_id: str
    service_timeout_seconds: float
    port: int
    path: str

    @classmethod
    def from_event(cls, event: object) -> CustomResourceRequest | None:
        """None for any other event, and for one whose answer would not go to the local CloudFormation."""
        if not isinstance(event, Mapping) or not {"RequestType", "ResponseURL", "StackId", "RequestId"} <= set(event):
            return None
        url = urlsplit(str(event["ResponseURL"]))
        if url.hostname not in _LOOPBACK or not url.path.startswith(_ANSWERS):
            return None
        return cls(
            request_type=str(event["RequestType"]),
            logical_id=str(event.get("LogicalResourceId", "")),
            stack_id=str(event["StackId"]),
            request_id=str(event["RequestId"]),
            physical_id=str(event.get("PhysicalResourceId") or ""),
            service_timeout_seconds=_service_timeout(event.get("ResourceProperties")),
            port=url.port or http.client.HTTP_PORT,
            path=url.path,
        )

    def failure(self, reason: str) -> bytes:
        """The answer for a function that gives none."""
        answer = {
            "Status": "FAILED",
            "Reason": reason[:_LONGEST_REASON],
            "PhysicalResourceId": self.physical_id or self.request_id,
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_id,
        }
        return json.dumps(answer).encode()


def is_timeout(result: InvocationResult) -> bool:
    """Whether the function was ended because its time was over."""
    return result.function_error is not None and result.error_message.startswith(_TIMED_OUT)


class CustomResourceEnds:
    """See the module. Belongs to the event loop's thread; `threads` send. `speed` is that of the run's clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: Executor, speed: float) -> None:
        self._loop = loop
        self._threads = threads
        self._speed = speed
        self._waiting: set[asyncio.TimerHandle] = set()

    def ended(self, payload: bytes, function: str, result: InvocationResult) -> None:
        """A custom resource's function has run for the last time, or has timed out. Other events are passed by."""
        request = CustomResourceRequest.from_event(_json_of(payload))
        if request is None:
            return
        if result.function_error is not None:
            self._fail(request, f"{function} failed and has not answered: {result.error_message}")
            return
        seconds = max(request.service_timeout_seconds / self._speed, _SHORTEST_SECONDS)
        reason = (
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
            f"[{request.request_id}]. {function} ended without an error, and answered nothing within ServiceTimeout."
        )
        self._waiting = {handle for handle in self._waiting if not handle.cancelled() and handle.when() > self._now()}
        self._waiting.add(self._loop.call_later(seconds, self._fail, request, reason))

    def close(self) -> None:
        for handle in self._waiting:
            handle.cancel()

    def _now(self) -> float:
        return self._loop.time()

    def _fail(self, request: CustomResourceRequest, reason: str) -> None:
        self._threads.submit(_send, request, request.failure(reason))


def _send(request: CustomResourceRequest, body: bytes) -> None:
    """An address whose answer has come, or whose stack is gone, is not there any more: that is no failure."""
    connection = http.client.HTTPConnection("127.0.0.1", request.port, timeout=_SEND_SECONDS)
    try:
        connection.request("PUT", request.path, body)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException) as exc:
        log.warning("CloudFormation could not be told that %s failed: %s", request.logical_id, exc)
    finally:
        connection.close()


def _service_timeout(properties: object) -> float:
    given = properties.get("ServiceTimeout") if isinstance(properties, Mapping) else None
    try:
        return float(given) if given is not None else _DEFAULT_SERVICE_TIMEOUT_SECONDS
    except ValueError:
        return _DEFAULT_SERVICE_TIMEOUT_SECONDS


def _json_of(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return None
