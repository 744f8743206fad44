from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rehearsal.aws.lambda_host.http_server import Request, Response, serve_on_free_port
from rehearsal.machine.loop_thread import LoopThread

REQUEST = b"POST /path HTTP/1.1\r\nHost: localhost\r\nX-Name: value\r\nContent-Length: 4\r\n\r\nbody"


async def answer(request: Request) -> Response:
    if request.path == b"/broken":
        raise RuntimeError("a bug of ours")
    return Response(200, b"%s %s %s" % (request.path, request.headers["x-name"].encode(), request.body))


@contextmanager
def caller_of_server() -> Iterator[socket.socket]:
    with LoopThread() as loop:
        server, port = loop.run(serve_on_free_port(answer))
        with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
            yield caller
            loop.loop.call_soon_threadsafe(server.close)
            with contextlib.suppress(ConnectionError):
                while caller.recv(65536):
                    pass


def answer_to(caller: socket.socket, request: bytes, *, ends_with: bytes) -> bytes:
    caller.sendall(request)
    received = b""
    while not received.endswith(ends_with) and (chunk := caller.recv(65536)):
        received += chunk
    return received


def test_close_ends_the_connections_that_callers_keep_open() -> None:
    with LoopThread() as loop:
        server, port = loop.run(serve_on_free_port(answer))
        with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
            assert b"200 OK" in answer_to(caller, REQUEST, ends_with=b"body")

            loop.loop.call_soon_threadsafe(server.close)

            assert caller.recv(1) == b""


def test_requests_are_answered_in_their_order_on_one_connection() -> None:
    second = REQUEST.replace(b"/path", b"/other").replace(b"body", b"last")

    with caller_of_server() as caller:
        received = answer_to(caller, REQUEST + second, ends_with=b"last")

    assert received.index(b"/path value body") < received.index(b"/other value last")


def test_a_connection_is_closed_where_the_caller_wants_no_more() -> None:
    with caller_of_server() as caller:
        received = answer_to(caller, REQUEST.replace(b"X-Name", b"Connection: close\r\nX-Name"), ends_with=b"never")

    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.endswith(b"/path value body")


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01 hello\r\n\r\n",
        b"GET /path HTTP/1.1\r\nHost: localhost\r\nX-Name: value\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"CONNECT aws.example:443 HTTP/1.1\r\nX-Name: value\r\nHost: aws.example:443\r\n\r\n",
    ],
)
def test_what_is_not_spoken_here_is_refused_and_logs_nothing(said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caller_of_server() as caller:
        received = answer_to(caller, said, ends_with=b"never")

    assert received.startswith(b"HTTP/1.1 400 Bad Request")
    assert caplog.records == []


def test_a_request_larger_than_any_event_is_refused_before_it_is_whole() -> None:
    head = REQUEST.replace(b"Content-Length: 4", b"Content-Length: 100000000").removesuffix(b"body")

    with caller_of_server() as caller:
        caller.sendall(head)
        with pytest.raises(OSError):
            caller.sendall(b"x" * 99_000_000)


def test_an_error_of_ours_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)

    with caller_of_server() as caller:
        received = answer_to(caller, REQUEST.replace(b"/path", b"/broken"), ends_with=b"\r\n\r\n")

    assert received.startswith(b"HTTP/1.1 500 Internal Server Error")
    assert "a bug of ours" in caplog.text
