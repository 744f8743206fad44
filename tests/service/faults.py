"""Faults of AWS in front of a client under test: some calls are answered with an error, or end the process.

Calls and writes are counted, so that a test can show by numbers that nothing was done twice.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


@dataclass(frozen=True)
class Fault:
    """What AWS answers. `done`: it has done what it was asked for all the same, and only the answer went wrong."""

    status: int
    code: str
    done: bool = False

    def __str__(self) -> str:
        return f"{self.code}{' though done' if self.done else ''}"


THROTTLED = Fault(400, "ThrottlingException")
THROUGHPUT_EXCEEDED = Fault(400, "ProvisionedThroughputExceededException")
INTERNAL_ERROR = Fault(500, "InternalServerError")
ANSWER_LOST = Fault(500, "InternalServerError", done=True)
FAULTS = (THROTTLED, THROUGHPUT_EXCEEDED, INTERNAL_ERROR, ANSWER_LOST)


class Killed(BaseException):
    """The function's process ends here, whatever it was doing: nothing may catch it."""


@dataclass
class Faults:
    """Faults by the number of the call, from 0; `written` counts the writes that were done."""

    at: dict[int, Fault] = field(default_factory=dict)
    kill_at: int | None = None
    unreachable: bool = False
    calls: list[str] = field(default_factory=list)
    written: int = 0
    _lost: Fault | None = None

    def put_before(self, client: Any) -> None:
        """From now on all calls of this client come here first. It must not try again by itself."""
        client.meta.events.register("before-call", self._before_call)
        client.meta.events.register_first("before-send", self._answer_lost)

    def _before_call(self, *, model: Any, **_: object) -> tuple[Any, dict[str, Any]] | None:
        """None lets the call through; else botocore takes this for the answer: a response, and its parsed body."""
        number = len(self.calls)
        self.calls.append(model.name)
        if number == self.kill_at:
            raise Killed
        if self.unreachable:
            raise EndpointConnectionError(endpoint_url="https://dynamodb.example")
        fault = self.at.get(number)
        if fault is None or fault.done:
            self.written += model.name in WRITES
            self._lost = fault
            return None
        error = {
            "Error": {"Code": fault.code, "Message": "injected"},
            "ResponseMetadata": {"HTTPStatusCode": fault.status},
        }
        return SimpleNamespace(status_code=fault.status), error

    def _answer_lost(self, *, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        """Moto sees the request all the same: botocore asks everyone, and takes the first answer, which is this one."""
        if self._lost is None:
            return None
        body = json.dumps({"__type": self._lost.code, "message": "injected"}).encode()
        return AWSResponse(request.url, self._lost.status, HTTPHeaders(), _Raw(body))


class _Raw(io.BytesIO):
    """The body of an answer as urllib3 hands it out."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()
