"""A request that nobody signed: to an API it is answered as API Gateway does, elsewhere it does not go on."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from rehearsal.aws.edge.edge import Edge
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.edge.unsigned_operations import is_served_unsigned
from rehearsal.aws.ministack import listen
from rehearsal.machine.loop_thread import LoopThread
from rehearsal.machine.threads import run_together

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("path", "upstream_status", "status", "message"),
    [
        ("/_aws/execute-api/abc123/prod/cars", 404, 403, "Missing Authentication Token"),
        ("/_aws/execute-api/abc123/prod/cars", 200, 200, "from upstream"),
    ],
)
def test_unsigned_call_of_an_api_is_answered(
    path: str, upstream_status: int, status: int, message: str, tmp_path: Path
) -> None:
    answer = asyncio.run(_get_unsigned(path, upstream_status, tmp_path / "aws.sock"))
    assert answer == (status, {"message": message})


def test_head_of_an_api_is_answered_though_no_body_comes(tmp_path: Path) -> None:
    async def ask() -> tuple[int, object]:
        async with asyncio.timeout(10):
            return await _ask_unsigned("HEAD", "/_aws/execute-api/abc123/prod/cars", 200, tmp_path / "aws.sock")

    assert asyncio.run(ask())[0] == 200


def test_any_other_unsigned_request_stops_at_the_edge(tmp_path: Path) -> None:
    status, answer = asyncio.run(_get_unsigned("/some-bucket/some-key", 200, tmp_path / "aws.sock"))

    assert status == 403
    assert isinstance(answer, dict)
    assert answer["__type"] == "MissingAuthenticationToken"


@pytest.mark.parametrize(
    ("request_", "is_served"),
    [
        (SignedRequest("POST", "/", {"x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth"}, b"{}"), True),
        (SignedRequest("POST", "/", {"x-amz-target": "AWSCognitoIdentityProviderService.ListUsers"}, b"{}"), False),
        (SignedRequest("POST", "/", {"x-amz-target": "AWSCognitoIdentityService.GetId"}, b"{}"), True),
        (SignedRequest("POST", "/b?delete", {"x-amz-target": "AWSCognitoIdentityService.GetId"}, b"{}"), False),
        (SignedRequest("POST", "/", {"x-amz-target": "DynamoDB_20120810.ListTables"}, b"{}"), False),
        (SignedRequest("POST", "/", FORM, b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15"), False),
        (SignedRequest("POST", "/", FORM, b"Action=AssumeRole&Version=2011-06-15"), False),
        (SignedRequest("GET", "/eu-west-1_Ab12/.well-known/jwks.json", {}, b""), True),
        (SignedRequest("GET", "/", {}, b""), False),
    ],
)
def test_operations_that_aws_serves_unsigned_are_told_from_others(request_: SignedRequest, is_served: bool) -> None:
    assert is_served_unsigned(request_) is is_served


def test_no_connection_outlives_the_edge(tmp_path: Path) -> None:
    """One that it has just accepted, either."""

    def begin_and_end(_: int) -> None:
        with LoopThread() as loop, ExitStack() as clients:
            edge = Edge(listen(), tmp_path / "nobody.sock", "secret")
            loop.run(edge.start())
            for _ in range(20):
                clients.enter_context(socket.create_connection(("127.0.0.1", urlsplit(edge.url).port or 0)))
            loop.run(edge.stop())

    run_together(begin_and_end, range(3), name="edge")  # each waits a second for its clients

    gc.collect()  # a socket that nobody closed is a warning now, and a warning is an error


async def _get_unsigned(path: str, upstream_status: int, socket: Path) -> tuple[int, object]:
    return await _ask_unsigned("GET", path, upstream_status, socket)


async def _ask_unsigned(method: str, path: str, upstream_status: int, socket: Path) -> tuple[int, object]:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"message": "from upstream"}, status=upstream_status)

    upstream = web.Application()
    upstream.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(upstream)
    await runner.setup()
    await web.UnixSite(runner, str(socket)).start()
    edge = Edge(listen(), socket, "secret")
    await edge.start()
    try:
        async with aiohttp.ClientSession() as session, session.request(method, edge.url + path) as answered:
            return answered.status, None if method == "HEAD" else await answered.json()
    finally:
        await edge.stop()
        await runner.cleanup()
