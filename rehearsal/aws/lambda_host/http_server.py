"""A small HTTP server on a free port of 127.0.0.1, or on a socket. It must not know what it serves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from rehearsal.machine.listening import end_listening

_LARGEST_BODY = 16 * 1024 * 1024  # Lambda's largest payload is 6 MB, and JSON in JSON grows

_ACCEPTED_SECONDS = 0.01

SERVER_LOG = logging.getLogger("rehearsal.http")
"""For servers whose port is open to every program of this machine."""

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def _is_of_the_server(record: logging.LogRecord) -> bool:
    """What somebody sends that is no HTTP is his own mistake: he must not write into the run's output with it."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


SERVER_LOG.addFilter(_is_of_the_server)


class HttpServer:
    """Closing it closes the connections that callers keep open, too; the loop has to go on for a moment after it."""

    def __init__(self, listening: asyncio.Server, answering: web.Server) -> None:
        self._listening = listening
        self._answering = answering

    def close(self) -> None:
        end_listening(self._listening)
        self._close_connections()
        # One that was just accepted is not among them yet.
        asyncio.get_running_loop().call_later(_ACCEPTED_SECONDS, self._close_connections)

    def _close_connections(self) -> None:
        for connection in self._answering.connections:
            connection.force_close()


async def serve_on_free_port(answer: Answer) -> tuple[HttpServer, int]:
    """The server and its port."""
    answering = _answering(answer, ends_with_caller=False)
    server = await asyncio.get_running_loop().create_server(answering, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return HttpServer(server, answering), port


async def serve_on_socket(answer: Answer, path: Path) -> HttpServer:
    """An answer is no longer worked on when its caller has gone."""
    answering = _answering(answer, ends_with_caller=True)
    return HttpServer(await asyncio.get_running_loop().create_unix_server(answering, str(path)), answering)


def _answering(answer: Answer, *, ends_with_caller: bool) -> web.Server:
    loop = asyncio.get_running_loop()

    def make_request(message, payload, protocol, writer, task) -> web.BaseRequest:  # type: ignore[no-untyped-def]
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_BODY)

    return web.Server(answer, request_factory=make_request, handler_cancellation=ends_with_caller, logger=SERVER_LOG)
