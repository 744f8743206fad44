"""A small HTTP server on a free port of 127.0.0.1. It must not know what it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import httptools

from rehearsal.machine.listening import end_listening
from rehearsal.machine.server_log import SERVER_LOG

_LARGEST_REQUEST = 16 * 1024 * 1024  # Lambda's largest payload is 6 MB, and JSON in JSON grows
_ACCEPTED_SECONDS = 0.01


@dataclass(frozen=True)
class Request:
    """`path` is decoded by nobody, names of headers are in lower case."""

    path: bytes
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes = b""


Answer = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """Closing it closes the connections that callers keep open, too; the loop has to go on for a moment after it."""

    def __init__(self, listening: asyncio.Server, connections: set[_Connection]) -> None:
        self._listening = listening
        self._connections = connections

    def close(self) -> None:
        end_listening(self._listening)
        self._close_connections()
        # One that was just accepted is not among them yet.
        asyncio.get_running_loop().call_later(_ACCEPTED_SECONDS, self._close_connections)

    def _close_connections(self) -> None:
        for connection in list(self._connections):
            connection.abort()


async def serve_on_free_port(answer: Answer) -> tuple[HttpServer, int]:
    """The server and its port."""
    connections: set[_Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answer, connections), "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return HttpServer(server, connections), port


class _Connection(asyncio.Protocol):
    """One caller's; also what the parser calls while it reads. Requests are answered one after the other."""

    def __init__(self, answer: Answer, connections: set[_Connection]) -> None:
        self._answer = answer
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._size = 0
        self._path = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._size += len(data)
        try:
            if self._size > _LARGEST_REQUEST:
                self._write(Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE), is_last=True)
                return
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, UnicodeDecodeError):
            self._write(Response(HTTPStatus.BAD_REQUEST), is_last=True)

    def on_message_begin(self) -> None:
        self._path, self._headers, self._body = b"", {}, []

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("ascii").lower()] = value.decode("utf-8")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._size = 0
        request = Request(self._path, self._headers, b"".join(self._body))
        is_last = not self._parser.should_keep_alive()
        self._answering = asyncio.get_running_loop().create_task(self._respond(request, self._answering, is_last))

    async def _respond(self, request: Request, before: asyncio.Task[None] | None, is_last: bool) -> None:
        if before is not None:
            await before
        try:
            response = await self._answer(request)
        except Exception:  # noqa: BLE001  whatever it is, the caller has to be told
            SERVER_LOG.exception("A request to %s could not be answered.", request.path[:1000])
            response = Response(HTTPStatus.INTERNAL_SERVER_ERROR)
        self._write(response, is_last=is_last)

    def _write(self, response: Response, *, is_last: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        status = f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"
        connection = "close" if is_last else "keep-alive"
        head = f"{status}\r\nContent-Length: {len(response.body)}\r\nConnection: {connection}\r\n\r\n"
        self._transport.write(head.encode() + response.body)
        if is_last:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
