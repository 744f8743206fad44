"""The loop leaves no connection behind, whoever forgot it."""

from __future__ import annotations

import asyncio
import gc
import socket

from rehearsal.machine.loop_thread import LoopThread


def test_connection_that_nobody_closed_is_closed_with_the_loop() -> None:
    with LoopThread() as thread:
        server = thread.run(_listen())
        caller = socket.create_connection(server.sockets[0].getsockname(), timeout=5)
        caller.sendall(b"anything")
        thread.run(_until_accepted())
        thread.loop.call_soon_threadsafe(server.close)

    with caller:
        assert caller.recv(1) == b""
    gc.collect()  # an unclosed transport would be a ResourceWarning now, and so an error


class _Forgotten(asyncio.Protocol):
    """Keeps its connection, and tells nobody."""

    accepted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        type(self).accepted += 1


async def _listen() -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(_Forgotten, "127.0.0.1", 0)


async def _until_accepted() -> None:
    async with asyncio.timeout(5):
        while _Forgotten.accepted == 0:
            await asyncio.sleep(0.01)
