"""A request that nobody signed: to an API it is answered as API Gateway does, elsewhere it goes on as it came."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from rehearsal.aws.edge.edge import Edge
from rehearsal.aws.ministack import listen


@pytest.mark.parametrize(
    ("path", "upstream_status", "status", "message"),
    [
        ("/_aws/execute-api/abc123/prod/cars", 404, 403, "Missing Authentication Token"),
        ("/_aws/execute-api/abc123/prod/cars", 200, 200, "from upstream"),
        ("/some-bucket/some-key", 404, 404, "from upstream"),
    ],
)
def test_unsigned_request_is_answered(path: str, upstream_status: int, status: int, message: str) -> None:
    answer = asyncio.run(_get_unsigned(path, upstream_status))
    assert answer == (status, {"message": message})


async def _get_unsigned(path: str, upstream_status: int) -> tuple[int, object]:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"message": "from upstream"}, status=upstream_status)

    upstream = web.Application()
    upstream.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(upstream)
    await runner.setup()
    listener = listen()
    await web.SockSite(runner, listener).start()
    host, port = listener.getsockname()
    edge = Edge(listen(), lambda: f"http://{host}:{port}", "secret")
    await edge.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(edge.url + path) as answered:
            return answered.status, await answered.json()
    finally:
        await edge.stop()
        await runner.cleanup()
