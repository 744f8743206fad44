"""The run's own calls that the edge would only pass on: they go to MiniStack at once, over its socket.

Each is signed as ever, and MiniStack checks the signature and what IAM allows: only the way is shorter. What the edge
does more than pass on (templates, invocations, events, its own APIs, credentials) is not among them; what AWS refuses
of a message is refused on this way, too.
It must not know who calls, nor why.
"""

from __future__ import annotations

import http.client
import io
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from rehearsal.aws.edge.limited_calls import refuse_over_limit
from rehearsal.aws.edge.protocol.detect import protocol_of
from rehearsal.aws.edge.protocol.protocol import WireAnswer
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.service_api import ApiError
from rehearsal.machine.unix_socket import UnixConnection

# As botocore names them in its events.
_SERVICES = frozenset({"cloudwatch-logs", "dynamodb-streams", "kinesis", "sns", "sqs"})
_LIMITED = frozenset({"sns", "sqs"})  # nothing else of what the run itself calls has a limit of ours
_TIMEOUT_SECONDS = 60.0
_IDLE_SECONDS = 30.0  # MiniStack keeps a connection for longer

OnAnswer = Callable[[SignedRequest], None]


class DirectCalls:
    """See the module: a handler of botocore's event `before-send`. Safe to use from several threads.

    `socket` is MiniStack's; `on_answer` hears of each request that was answered, before its caller has the answer.
    """

    def __init__(self, socket: Path, on_answer: OnAnswer) -> None:
        self._socket = socket
        self._on_answer = on_answer
        self._lock = threading.Lock()
        self._idle: deque[tuple[float, UnixConnection]] = deque()

    def send(self, request: AWSPreparedRequest, event_name: str) -> AWSResponse | None:
        """The answer; None for a call that takes the way through the edge. Botocore's errors of connections."""
        service = event_name.split(".")[1]
        body = request.body.encode() if isinstance(request.body, str) else request.body  # a form of SNS is text
        if service not in _SERVICES or not isinstance(body, bytes | None):
            return None
        signed = _signed(request, body or b"")
        if (refused := _refusal(signed, service)) is not None:
            return AWSResponse(request.url, refused.status, _headers(refused), _Raw(refused.body))
        connection = self._connection(str(request.url))
        try:
            answer, content = _exchange(connection, signed)
        except (OSError, http.client.HTTPException) as exc:
            connection.close()
            raise ConnectionClosedError(endpoint_url=request.url, error=exc) from exc
        if answer.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append((time.monotonic(), connection))
        self._on_answer(signed)
        headers: Any = answer.headers
        return AWSResponse(request.url, answer.status, headers, _Raw(content))

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, deque()
        for _, connection in idle:
            connection.close()

    def _connection(self, url: str) -> UnixConnection:
        """The one that was used last: those that are not needed grow old."""
        now = time.monotonic()
        with self._lock:
            while self._idle and now - self._idle[0][0] > _IDLE_SECONDS:
                self._idle.popleft()[1].close()
            if self._idle:
                return self._idle.pop()[1]
        connection = UnixConnection(self._socket, timeout=_TIMEOUT_SECONDS)
        try:
            connection.connect()
        except OSError as exc:
            connection.close()
            raise EndpointConnectionError(endpoint_url=url, error=exc) from exc
        return connection


def _signed(request: AWSPreparedRequest, body: bytes) -> SignedRequest:
    _, _, authority, path = request.url.split("/", 3)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    return SignedRequest(request.method, f"/{path}", {"host": authority, **headers}, body)


def _refusal(request: SignedRequest, service: str) -> WireAnswer | None:
    protocol = protocol_of(request) if service in _LIMITED else None
    if protocol is None:
        return None
    try:
        refuse_over_limit(request, service)
    except ApiError as error:
        return protocol.encode_error(error, str(uuid.uuid4()))
    return None


def _headers(answer: WireAnswer) -> Any:
    return HeadersDict({**answer.headers, "Content-Type": answer.content_type})


def _exchange(connection: UnixConnection, request: SignedRequest) -> tuple[http.client.HTTPResponse, bytes]:
    connection.request(
        request.method, request.target, body=request.body, headers={**request.headers, "x-forwarded-proto": "https"}
    )
    answer = connection.getresponse()
    return answer, answer.read()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        while chunk := self.read(1 << 20):
            yield chunk
