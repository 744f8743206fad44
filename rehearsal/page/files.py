"""The page's own files, and those of the chart library: nothing else of this machine.

It must not serve a file by a path that is given: names alone, of the folders that are meant.
"""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import web

from rehearsal.page.admission import secure

STATIC = Path(__file__).with_name("static")
CHART_FILES = ("uPlot.iife.min.js", "uPlot.min.css")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
# The browser asks whether they have changed: another version of the page may be served at this address next.
_ASKED_AGAIN = "no-cache"


class Files:
    """`chart` is the folder with the chart library's files."""

    def __init__(self, chart: Path) -> None:
        self._chart = chart

    def add_to(self, router: web.UrlDispatcher, root: str) -> None:
        router.add_get(f"{root}/", self._index)
        router.add_get(f"{root}/static/{{name}}", self._static)
        router.add_get(f"{root}/chart/{{name}}", self._chart_file)

    async def _index(self, _: web.Request) -> web.StreamResponse:
        response = _file(STATIC, "index.html")
        secure(response)
        return response

    async def _static(self, request: web.Request) -> web.StreamResponse:
        return _kept(_file(STATIC, request.match_info["name"]))

    async def _chart_file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in CHART_FILES:
            raise web.HTTPNotFound
        return _kept(_file(self._chart, name))


def _kept(response: web.FileResponse) -> web.FileResponse:
    response.headers["Cache-Control"] = _ASKED_AGAIN
    secure(response)
    return response


def _file(folder: Path, name: str) -> web.FileResponse:
    path = folder / name
    if _NAME.fullmatch(name) is None or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path)
