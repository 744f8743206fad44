"""HTTP/1.1 over MiniStack's socket, as the edge needs it: one request, one whole answer, and the connection kept.

A client for every case costs more for a request than MiniStack does; this one knows neither streams nor HEAD, nor
anything of a header. It must not know what a request is about.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import aiohttp
import httptools

_IDLE_SECONDS = 30.0  # MiniStack keeps a connection for longer
_CONNECT_SECONDS = 10.0

RawHeaders = Iterable[tuple[bytes, bytes]]


@dataclass
class RawAnswer:
    """An answer as it came over the wire."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


class Channels:
    """See the module. Everything belongs to the event loop's thread. `socket` is MiniStack's."""

    def __init__(self, socket: Path) -> None:
        self._socket = str(socket)
        self._idle: deque[tuple[float, _Channel]] = deque()
        self._all: set[_Channel] = set()

    async def ask(self, method: str, target: str, headers: RawHeaders, body: bytes) -> RawAnswer:
        """Sends a request with these headers and no others but the body's length.

        aiohttp's `ClientError` where MiniStack does not answer.
        """
        channel = await self._channel()
        try:
            answer = await channel.ask(_written(method, target, headers, body))
        except BaseException:
            channel.abort()
            raise
        if channel.is_open:
            self._idle.append((time.monotonic(), channel))
        return answer

    def close(self) -> None:
        for channel in list(self._all):
            channel.abort()

    async def _channel(self) -> _Channel:
        """The one that was used last: those that are not needed grow old."""
        now = time.monotonic()
        while self._idle and now - self._idle[0][0] > _IDLE_SECONDS:
            self._idle.popleft()[1].abort()
        while self._idle:
            channel = self._idle.pop()[1]
            if channel.is_open:
                return channel
        connecting = asyncio.get_running_loop().create_unix_connection(lambda: _Channel(self._all), self._socket)
        try:
            _, channel = await asyncio.wait_for(connecting, _CONNECT_SECONDS)
        except OSError as exc:  # asyncio's TimeoutError is one
            raise aiohttp.ClientConnectionError(f"no connection to its socket: {exc}") from exc
        return channel


class _Channel(asyncio.Protocol):
    """One connection; also what the parser calls while it reads."""

    def __init__(self, all_channels: set[_Channel]) -> None:
        self._all = all_channels
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer = RawAnswer()
        self._body: list[bytes] = []
        self._done: asyncio.Future[RawAnswer] | None = None
        self.is_open = False

    def ask(self, request: bytes) -> asyncio.Future[RawAnswer]:
        assert self._transport is not None
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._done

    def abort(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True
        self._all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._all.discard(self)
        self._fail(str(exc or "it has closed the connection"))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            self._fail(f"its answer is no HTTP: {exc}")
            self.abort()

    def on_message_begin(self) -> None:
        self._answer, self._body = RawAnswer(), []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        answer = self._answer
        answer.status = self._parser.get_status_code()
        if answer.status < 200:  # said on the way; the answer comes after it
            return
        answer.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if not self._parser.should_keep_alive():
            self.abort()
        if self._done is not None and not self._done.done():
            self._done.set_result(answer)

    def _fail(self, why: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(aiohttp.ServerDisconnectedError(why))


def _written(method: str, target: str, headers: RawHeaders, body: bytes) -> bytes:
    lines = [b"%s %s HTTP/1.1\r\n" % (method.encode(), target.encode())]
    lines += [b"%s: %s\r\n" % header for header in headers]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(b"Content-Length: %d\r\n" % len(body))
    return b"".join([*lines, b"\r\n", body])
