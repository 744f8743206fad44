"""Server-sent events: a connection reads on from a journal or a log at its own pace, woken when there is more.

Nothing is queued for a connection, so one that is slow holds up nobody, and costs nothing; one that takes nothing for
long is dropped, and its browser goes on where it was. It must not know what it sends.

Source: HTML standard, "Server-sent events".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from aiohttp import web

from rehearsal.page.admission import secure

BEAT_SECONDS = 15.0
_DROP_SECONDS = 60.0
_RETRY_MILLISECONDS = 500
_MOST_DIGITS = 15
_BEAT = b": here\n\n"


class Bell:
    """Wakes the connections of a loop; `ring` is for any thread, and cheap however often it is rung."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()
        self._is_ringing = False
        self.is_closed = False

    def open(self) -> None:
        """To be called in the loop."""
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        if self._loop is not None and not self._is_ringing:
            self._is_ringing = True
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Ends every connection. To be called in the loop."""
        self.is_closed = True
        self._wake()

    @contextlib.contextmanager
    def woken(self) -> Iterator[asyncio.Event]:
        """An event that each ring sets."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)

    def _wake(self) -> None:
        self._is_ringing = False
        for event in self._waiting:
            event.set()


class Dropped(Exception):
    """The connection took nothing for long."""


class Stream:
    """One connection."""

    def __init__(self, response: web.StreamResponse, bell: Bell, woken: asyncio.Event) -> None:
        self.response = response
        self._bell = bell
        self._woken = woken
        self._head = ""

    def begin(self, head: str) -> None:
        """Goes with the first that is sent, or before waiting: who is gone by then ends as any other."""
        self._head = head

    async def send(self, text: str) -> None:
        """Waits until the connection has taken it. Raises Dropped."""
        head, self._head = self._head, ""
        await self._write(f"{head}{text}".encode())

    async def more(self) -> bool:
        """Waits until something was written; False when the page ends."""
        if self._head:
            await self.send("")
        while not self._bell.is_closed:
            try:
                await asyncio.wait_for(self._woken.wait(), BEAT_SECONDS)
            except TimeoutError:
                await self._write(_BEAT)
                continue
            self._woken.clear()
            return not self._bell.is_closed
        return False

    async def _write(self, content: bytes) -> None:
        try:
            await asyncio.wait_for(self.response.write(content), _DROP_SECONDS)
        except TimeoutError as exc:
            raise Dropped from exc


@contextlib.asynccontextmanager
async def stream(request: web.Request, bell: Bell) -> AsyncIterator[Stream]:
    """Opens server-sent events; their `response` answers the request. A lost connection ends it in silence."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    secure(response)
    await response.prepare(request)
    with bell.woken() as woken:
        opened = Stream(response, bell, woken)
        opened.begin(f"retry: {_RETRY_MILLISECONDS}\n\n")
        try:
            yield opened
        except (ConnectionError, Dropped):
            if request.transport is not None:
                request.transport.abort()


def whole_number(text: str | None) -> int | None:
    """A number of bytes or events, as a request has it; None for what is none, or has more digits than there can be."""
    is_number = text is not None and text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if text is not None and is_number else None


def message(data: str, *, seq: int | None = None, event: str = "") -> str:
    """`data` is one line, as JSON is."""
    head = f"event: {event}\n" if event else ""
    number = f"id: {seq}\n" if seq is not None else ""
    return f"{head}{number}data: {data}\n\n"


def json_message(content: dict[str, Any], *, seq: int | None = None, event: str = "") -> str:
    return message(json.dumps(content, ensure_ascii=False), seq=seq, event=event)
