"""The way from the edge to MiniStack: requests as they came, and requests that the edge makes itself.

MiniStack listens on a socket in the run's own folder, where nobody else reaches it. Bodies are streamed in both
directions unless they are small; connections are kept. It must not know what a request is.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from rehearsal.aws.edge.admission import without_cors
from rehearsal.aws.edge.channel import Channels, RawAnswer
from rehearsal.aws.edge.credentials import Principal, sign
from rehearsal.aws.edge.signature import SignedRequest, check_body, check_digest

_SMALL_BODY_BYTES = 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "expect", "te", "trailer", "upgrade", "proxy-connection"}
)
_NOT_FORWARDED = frozenset(name.encode() for name in (*_HOP_BY_HOP, "content-length", "x-forwarded-proto"))
_BY_TLS = (b"X-Forwarded-Proto", b"https")
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
    """See the module. `socket` is MiniStack's, `authority` the host and port that it is known by."""

    def __init__(self, socket: Path, authority: str) -> None:
        self._socket = socket
        self._channels = Channels(socket)
        self._authority = authority
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path=str(self._socket), limit=0, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=None, connect=10),
            auto_decompress=False,
            skip_auto_headers=_NO_AUTOMATIC_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        self._channels.close()
        if self._session is not None:
            await self._session.close()

    async def forward(self, request: web.Request, *, may_be_large: bool = True) -> web.StreamResponse:
        """Hand the request over as it is, and its answer back. aiohttp's `ClientError` where MiniStack has ended.

        Without `may_be_large`, a small request has an answer that is held as a whole.
        `ApiError` where the body is not the one that was signed: then MiniStack gets none, or not the whole of it.
        """
        was_read = request.content.at_eof()  # because it is part of what was signed
        if not is_small(request) and not was_read:
            return await self._stream(request, _checked(request))
        body = await request.read()
        check_body(request.headers, body)
        if may_be_large or request.method == "HEAD":
            return await self._stream(request, body or None)
        headers = [(name, value) for name, value in request.raw_headers if name.lower() not in _NOT_FORWARDED]
        raw = await self._channels.ask(request.method, request.raw_path, [*headers, _BY_TLS], body)
        return _answer(raw).response()

    async def _stream(self, request: web.Request, body: bytes | AsyncIterator[bytes] | None) -> web.StreamResponse:
        headers = _forwarded_headers(request.headers)
        async with self._request(request.method, request.raw_path, headers, body) as answer:
            if answer.content_length is not None and answer.content_length <= _SMALL_BODY_BYTES:
                return _whole(request, answer, await answer.read())
            return await _stream(request, answer)

    async def send(self, request: SignedRequest) -> Answer:
        """Send a request that the edge read or made, and read the whole answer."""
        if request.method == "HEAD":  # its answer announces a body that does not come: the channel would wait for it
            return await self._ask_for_head(request)
        headers = [
            (name.encode(), value.encode(errors="surrogateescape"))
            for name, value in request.headers.items()
            if name.lower().encode() not in _NOT_FORWARDED
        ]
        return _answer(await self._channels.ask(request.method, request.target, [*headers, _BY_TLS], request.body))

    async def _ask_for_head(self, request: SignedRequest) -> Answer:
        async with self._request(request.method, request.target, _forwarded_headers(request.headers), None) as answer:
            return Answer(answer.status, _answer_headers(answer), b"")

    async def send_as(self, principal: Principal, request: SignedRequest, *, region: str, service: str) -> Answer:
        """Send a request signed by the principal."""
        headers: Mapping[str, str] = {"host": self._authority, **request.headers}
        unsigned = SignedRequest(request.method, request.target, headers, request.body)
        signed = sign(unsigned, principal, region=region, service=service)
        return await self.send(SignedRequest(request.method, request.target, signed, request.body))

    def _request(
        self, method: str, target: str, headers: CIMultiDict[str], body: object
    ) -> aiohttp.client._RequestContextManager:
        assert self._session is not None, "open() comes first"
        url = URL(f"http://{self._authority}{target}", encoded=True)
        return self._session.request(method, url, headers=headers, data=body, allow_redirects=False)


def _answer(raw: RawAnswer) -> Answer:
    headers = CIMultiDict(
        (name.decode(), value.decode("utf-8", "surrogateescape"))
        for name, value in raw.headers
        if name.lower() not in _NOT_FORWARDED
    )
    return Answer(raw.status, headers, raw.body)


async def _checked(request: web.Request) -> AsyncIterator[bytes]:
    """The last part is held back until the whole is known to be what was signed."""
    digest, held = hashlib.sha256(), b""
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        digest.update(chunk)
        if held:
            yield held
        held = chunk
    check_digest(request.headers, digest.hexdigest())
    yield held


def is_small(request: web.Request) -> bool:
    """It is held as a whole, and may be read again after it was passed on."""
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
    without_cors(response)  # once it is on its way, nobody can
    await response.prepare(request)
    if request.method != "HEAD":
        async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
            await response.write(chunk)
    await response.write_eof()
    return response
