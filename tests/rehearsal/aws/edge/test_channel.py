from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from rehearsal.aws.edge.channel import Channels

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


@asynccontextmanager
async def channels_to(folder: Path, serve: Serve) -> AsyncIterator[Channels]:
    tasks: set[asyncio.Task[None]] = set()

    async def serve_to_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_unix_server(serve_to_the_end, str(folder / "s"))
    channels = Channels(folder / "s")
    try:
        yield channels
    finally:
        channels.close()
        server.close()
        await asyncio.gather(*tasks)
        await asyncio.sleep(0.01)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), 0)
    return head + await reader.readexactly(length)


def test_requests_one_after_the_other_share_a_connection(tmp_path: Path) -> None:
    connections, requests = [], []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        while not reader.at_eof():
            requests.append(await read_request(reader))
            for byte in OK:  # an answer in as many pieces as there can be
                writer.write(bytes([byte]))
                await writer.drain()

    async def ask() -> None:
        async with channels_to(tmp_path, serve) as channels:
            for _ in range(3):
                answer = await channels.ask("POST", "/x?y=1", [(b"Host", b"aws")], b"body")
                assert (answer.status, answer.body) == (200, b"hello")
                assert (b"Content-Type", b"text/plain") in answer.headers

    asyncio.run(ask())

    assert len(connections) == 1
    assert requests == [b"POST /x?y=1 HTTP/1.1\r\nHost: aws\r\nContent-Length: 4\r\n\r\nbody"] * 3


def test_requests_at_once_have_connections_of_their_own(tmp_path: Path) -> None:
    everybody_is_here = asyncio.Barrier(3)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await everybody_is_here.wait()
        writer.write(OK)

    async def ask() -> list[bytes]:
        async with channels_to(tmp_path, serve) as channels, asyncio.timeout(10):
            answers = await asyncio.gather(*(channels.ask("GET", "/", [], b"") for _ in range(3)))
            return [answer.body for answer in answers]

    assert asyncio.run(ask()) == [b"hello"] * 3


def test_what_is_said_on_the_way_is_not_the_answer(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)

    async def ask() -> None:
        async with channels_to(tmp_path, serve) as channels, asyncio.timeout(10):
            answer = await channels.ask("GET", "/", [], b"")
            assert (answer.status, answer.body) == (200, b"hello")

    asyncio.run(ask())


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
)
def test_an_answer_that_is_none_is_an_error_of_the_connection(said: bytes, tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(said)
        writer.close()

    async def ask() -> None:
        async with channels_to(tmp_path, serve) as channels, asyncio.timeout(10):
            with pytest.raises(aiohttp.ClientError):
                await channels.ask("GET", "/", [], b"")

    asyncio.run(ask())


def test_a_connection_that_was_closed_is_not_used_again(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        writer.close()

    async def ask() -> None:
        async with channels_to(tmp_path, serve) as channels, asyncio.timeout(10):
            for _ in range(3):
                assert (await channels.ask("GET", "/", [], b"")).body == b"hello"

    asyncio.run(ask())


def test_nobody_at_the_socket_is_an_error_of_the_connection(tmp_path: Path) -> None:
    with pytest.raises(aiohttp.ClientError, match="no connection to its socket"):
        asyncio.run(Channels(tmp_path / "nobody").ask("GET", "/", [], b""))
