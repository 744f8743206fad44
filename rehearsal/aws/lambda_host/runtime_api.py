"""The runtime API as a worker's process sees it: frames on one connection of a socket that nobody else may open.

What the two say to each other is Lambda's runtime API (next, response, error, init error); how, is not HTTP: a worker
asks twice for each invocation, and parsing that took longer than most functions.

    from the worker: kind (one byte), length of the request id, length of the body (four bytes each); id, body
    to the worker:   length of the head, length of the body (four bytes each); head (JSON), body (the event)

It must not know what runs. Source: "Using the Lambda runtime API".
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Protocol, cast

_FROM_WORKER = struct.Struct(">cII")
_TO_WORKER = struct.Struct(">II")
_LARGEST_BODY = 16 * 1024 * 1024  # Lambda's largest payload is 6 MB, and JSON in JSON grows


class Kind(Enum):
    """What a worker says; bootstrap.py has the same letters."""

    NEXT = b"N"
    RESPONSE = b"R"
    ERROR = b"E"
    INIT_ERROR = b"I"


class Listener(Protocol):
    """Hears what the worker says, in the event loop."""

    def heard(self, kind: Kind, request_id: str, body: bytes) -> None: ...


class RuntimeApi:
    """The server's side. Everything belongs to the event loop's thread."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._server: asyncio.AbstractServer | None = None
        self._connections: set[_Connection] = set()

    async def start(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Connection(self._listener, self._connections), str(path))

    @property
    def is_connected(self) -> bool:
        return bool(self._connections)

    def send(self, head: Mapping[str, object], event: bytes) -> None:
        """An invocation, to the worker that has asked for the next one."""
        encoded = json.dumps(head).encode()
        for connection in self._connections:
            connection.write(_TO_WORKER.pack(len(encoded), len(event)) + encoded + event)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()


class _Connection(asyncio.Protocol):
    """Cuts what comes into frames."""

    def __init__(self, listener: Listener, connections: set[_Connection]) -> None:
        self._listener = listener
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= _FROM_WORKER.size:
            kind, id_length, body_length = _FROM_WORKER.unpack_from(self._buffer)
            end = _FROM_WORKER.size + id_length + body_length
            if max(id_length, body_length) > _LARGEST_BODY:
                self.abort()
                return
            if len(self._buffer) < end:
                return
            after_id = _FROM_WORKER.size + id_length
            request_id, body = self._buffer[_FROM_WORKER.size : after_id].decode(), bytes(self._buffer[after_id:end])
            del self._buffer[:end]
            self._listener.heard(Kind(kind), request_id, body)

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
