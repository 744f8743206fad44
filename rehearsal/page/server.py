"""Serves the page of a running `rehearse up`, on loopback, to whoever has the secret of its address (admission.py).

    GET  ./  static/NAME  chart/NAME  state          the page and what it needs
    GET  ./events  log  log/events                   what happens and what actions say, as they grow
    GET  ./object/EXECUTION/STAGE/ACTION             what the link of an approval leads to, in the local S3
    POST ./approval  stop  retry  rollback           what a person decides

It draws nothing and decides nothing: events come from the journal, output from the logs, decisions go to `Controls`.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import web

from rehearsal.machine.listening import accept_no_more
from rehearsal.machine.loop_thread import LoopThread
from rehearsal.machine.server_log import SERVER_LOG
from rehearsal.page.action_logs import ActionLogs
from rehearsal.page.admission import admission, secure
from rehearsal.page.controls import Controls
from rehearsal.page.decisions import Decisions
from rehearsal.page.files import Files
from rehearsal.page.journal import Journal
from rehearsal.page.log_routes import LogRoutes
from rehearsal.page.stored_objects import ReadObject, StoredObjects
from rehearsal.page.streams import Bell, message, stream, whole_number

LOOPBACK = "127.0.0.1"
_SECRET_BYTES = 32
_MOST_BODY_BYTES = 64 * 1024
_SENT_TOGETHER = 500
_BACKLOG = 128


@dataclass(frozen=True, kw_only=True)
class Page:
    """What is served. `chart` is the folder of the chart library's files; `state` what GET ./state answers."""

    journal: Journal
    logs: ActionLogs
    controls: Controls
    chart: Path
    read_object: ReadObject
    state: Callable[[], Mapping[str, Any]]


def listen(port: int) -> socket.socket:
    """Raises OSError where the port is in use."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class PageServer:
    """Use it as a context manager. `url` is the page's address, secret included."""

    def __init__(self, page: Page, listener: socket.socket) -> None:
        self._page = page
        self._listener = listener
        self._secret = secrets.token_urlsafe(_SECRET_BYTES)
        self._port = int(listener.getsockname()[1])
        self._loop = LoopThread("page")
        self._bell = Bell()
        self._runner: web.AppRunner | None = None
        self.url = f"http://{LOOPBACK}:{self._port}/{self._secret}/"

    def __enter__(self) -> PageServer:
        self._loop.__enter__()
        self._loop.run(self._start())
        self._page.journal.when_written(self._bell.ring)
        self._page.logs.when_written(self._bell.ring)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.run(self._stop())
        self._loop.__exit__(kind, error, traceback)

    async def _start(self) -> None:
        self._bell.open()
        app = web.Application(
            middlewares=[admission(self._secret, self._port)], client_max_size=_MOST_BODY_BYTES
        )  # fmt: skip
        root = f"/{self._secret}"
        app.router.add_get(f"{root}/events", self._events)
        app.router.add_get(f"{root}/state", self._state)
        for part in (
            Files(self._page.chart),
            LogRoutes(self._page.logs, self._bell),
            Decisions(self._page.controls),
            StoredObjects(self._page.journal, self._page.read_object),
        ):
            part.add_to(app.router, root)
        self._runner = web.AppRunner(app, access_log=None, logger=SERVER_LOG, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def _stop(self) -> None:
        assert self._runner is not None, "it was started"
        await accept_no_more(self._listener)
        self._bell.close()
        await asyncio.sleep(0)
        await self._runner.cleanup()

    async def _state(self, _: web.Request) -> web.Response:
        response = web.json_response(dict(self._page.state()))
        secure(response)
        return response

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Everything after the number that the browser had last, and then what comes."""
        seq = whole_number(request.headers.get("Last-Event-ID") or request.query.get("after")) or 0
        journal = self._page.journal
        has_caught_up = False
        if seq > journal.last_seq:  # of a history that is gone
            seq = 0
        async with stream(request, self._bell) as opened:
            is_over = False
            while not is_over:
                is_over = has_caught_up and not await opened.more()
                while entries := journal.after(seq, most=_SENT_TOGETHER):
                    await opened.send("".join(message(entry.text, seq=entry.seq) for entry in entries))
                    seq = entries[-1].seq
                if not has_caught_up:
                    await opened.send(message("{}", event="caught-up"))
                    has_caught_up = True
        return opened.response
