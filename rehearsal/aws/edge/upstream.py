"""The way from the edge to MiniStack: requests as they came, and requests that the edge makes itself.

Bodies are streamed in both directions unless they are small; connections are kept. It must not know what a request is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from rehearsal.aws.edge.credentials import Principal, SignedRequest, sign

_SMALL_BODY_BYTES = 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "expect", "te", "trailer", "upgrade", "proxy-connection"}
)
_NO_AUTOMATIC_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


@dataclass(frozen=True)
class Answer:
    """A whole answer of MiniStack."""

    status: int
    headers: CIMultiDict[str]
    body: bytes

    def response(self, body: bytes | None = None) -> web.Response:
        """For the client, with another body where one is given."""
        headers = CIMultiDict(self.headers)
        headers.popall("Content-Length", None)
        return web.Response(status=self.status, headers=headers, body=self.body if body is None else body)


class Upstream:
    """See the module. `url` is asked with each request: MiniStack may take another port while it starts."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60, force_close=False),
            timeout=aiohttp.ClientTimeout(total=None, connect=10),
            auto_decompress=False,
            skip_auto_headers=_NO_AUTOMATIC_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """Hand the request over as it is, and its answer back. aiohttp's `ClientError` where MiniStack has ended."""
        headers = _forwarded_headers(request.headers)
        body = await request.read() if _is_small(request) else request.content.iter_chunked(_CHUNK_BYTES)
        async with self._request(request.method, request.raw_path, headers, body or None) as answer:
            if answer.content_length is not None and answer.content_length <= _SMALL_BODY_BYTES:
                return _whole(request, answer, await answer.read())
            return await _stream(request, answer)

    async def send(self, request: SignedRequest) -> Answer:
        """Send a request that the edge read or made, and read the whole answer."""
        headers = _forwarded_headers(request.headers)
        headers.popall("Content-Length", None)
        async with self._request(request.method, request.target, headers, request.body) as answer:
            return Answer(answer.status, _answer_headers(answer), await answer.read())

    async def send_as(self, principal: Principal, request: SignedRequest, *, region: str, service: str) -> Answer:
        """Send a request signed by the principal."""
        headers: Mapping[str, str] = {"host": URL(self._url()).authority, **request.headers}
        unsigned = SignedRequest(request.method, request.target, headers, request.body)
        signed = sign(unsigned, principal, region=region, service=service)
        return await self.send(SignedRequest(request.method, request.target, signed, request.body))

    def _request(
        self, method: str, target: str, headers: CIMultiDict[str], body: object
    ) -> aiohttp.client._RequestContextManager:
        assert self._session is not None, "open() comes first"
        url = URL(self._url() + target, encoded=True)
        return self._session.request(method, url, headers=headers, data=body, allow_redirects=False)


def _is_small(request: web.Request) -> bool:
    return not request.body_exists or (request.content_length or _SMALL_BODY_BYTES + 1) <= _SMALL_BODY_BYTES


def _forwarded_headers(headers: Mapping[str, str]) -> CIMultiDict[str]:
    forwarded = CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP)
    forwarded["X-Forwarded-Proto"] = "https"
    return forwarded


def _answer_headers(answer: aiohttp.ClientResponse) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP)


def _whole(request: web.Request, answer: aiohttp.ClientResponse, body: bytes) -> web.Response:
    headers = _answer_headers(answer)
    if request.method == "HEAD":  # Content-Length tells of the body that a GET would bring
        return web.Response(status=answer.status, reason=answer.reason, headers=headers)
    headers.popall("Content-Length", None)
    return web.Response(status=answer.status, reason=answer.reason, headers=headers, body=body)


async def _stream(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=_answer_headers(answer))
    await response.prepare(request)
    if request.method != "HEAD":
        async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
            await response.write(chunk)
    await response.write_eof()
    return response
