"""How a server ends to listen without losing a connection. It must not know what is served."""

from __future__ import annotations

import asyncio
import socket


async def accept_no_more(listener: socket.socket) -> None:
    """For a server that somebody else closes: what it has accepted is a connection when this returns."""
    asyncio.get_running_loop().remove_reader(listener)
    await asyncio.sleep(0)


def end_listening(server: asyncio.Server) -> None:
    """Nothing is accepted from now on, and the server is closed as soon as what it has accepted is a connection.

    Closed at once, a server refuses to make connections of sockets that it has accepted, and nobody closes those
    (CPython's `Server._attach`). To be called in the loop, which has to go on for a moment.
    """
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        loop.remove_reader(listener.fileno())
    loop.call_soon(server.close)
