"""What an action says, over HTTP: from a byte on, and as it grows.

It must not know how logs are kept.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from rehearsal.page.action_logs import ActionLogs, ActionPath
from rehearsal.page.admission import secure
from rehearsal.page.streams import Bell, json_message, stream, whole_number

_PAUSE_SECONDS = 0.1  # at most ten messages a second, however much is said
_MOST_SENT_BYTES = 256 * 1024


class LogRoutes:
    def __init__(self, logs: ActionLogs, bell: Bell) -> None:
        self._logs = logs
        self._bell = bell

    def add_to(self, router: web.UrlDispatcher, root: str) -> None:
        router.add_get(f"{root}/log", self._log)
        router.add_get(f"{root}/log/events", self._log_events)

    async def _log(self, request: web.Request) -> web.Response:
        path, start = _asked(request)
        piece = self._logs.read(path, start)
        response = web.Response(text=piece.text, content_type="text/plain", charset="utf-8")
        response.headers["X-Log-Next"] = str(piece.next)
        response.headers["X-Log-Ended"] = str(piece.is_ended).lower()
        secure(response)
        return response

    async def _log_events(self, request: web.Request) -> web.StreamResponse:
        """Each message is numbered by the byte after it, so that a browser that comes again goes on there."""
        path, start = _asked(request)
        async with stream(request, self._bell) as opened:
            while True:
                piece = self._logs.read(path, start, most=_MOST_SENT_BYTES)
                if piece.text:
                    await opened.send(json_message({"from": start, "text": piece.text}, seq=piece.next))
                    start = piece.next
                if piece.is_ended:
                    await opened.send(json_message({"from": start}, event="ended"))
                    break
                await asyncio.sleep(_PAUSE_SECONDS)
                if not piece.text and not await opened.more():
                    break
        return opened.response


def _asked(request: web.Request) -> tuple[ActionPath, int]:
    query = request.query
    start = whole_number(request.headers.get("Last-Event-ID") or query.get("from", "0"))
    if start is None:
        raise web.HTTPBadRequest(text="`from` is not a number of bytes.")
    try:
        return ActionPath(query.get("execution", ""), query.get("stage", ""), query.get("action", "")), start
    except ValueError as exc:
        raise web.HTTPBadRequest(text=str(exc)) from exc
