from __future__ import annotations

import socket

from rehearsal.aws.lambda_host.http_server import Request, Response, serve_on_free_port
from rehearsal.machine.loop_thread import LoopThread

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def answer(request: Request) -> Response:
    return Response(200, b"here")


def test_close_ends_the_connections_that_callers_keep_open() -> None:
    with LoopThread() as loop:
        server, port = loop.run(serve_on_free_port(answer))
        with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
            caller.sendall(REQUEST)
            assert b"here" in caller.recv(65536)

            loop.loop.call_soon_threadsafe(server.close)

            assert caller.recv(1) == b""
