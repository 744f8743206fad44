"""A forward proxy on loopback: tunnels (CONNECT) and plain requests, directly or through another proxy.

Only who was given its secret may use it, and only for hosts that `refusal_of` does not refuse. It must not look into
what passes, nor know what is refused.

Source: RFC 9110 (CONNECT, Proxy-Authorization), RFC 9112 (absolute-form).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import secrets
import socket
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from rehearsal.machine.listening import end_listening

_USER = "rehearsal"
_CHUNK_BYTES = 64 * 1024
_HEAD_SECONDS = 30.0
_DIAL_SECONDS = 60.0


@dataclass(frozen=True)
class _Asked:
    """`head` is what goes on to the server; empty where the client asked for a tunnel."""

    host: str
    port: int
    head: bytes
    is_tunnel: bool


class ForwardProxy:
    """See the module. `start` and `stop` belong to one event loop.

    `refusal_of(host)` is asked for each host, and for each address of it: a sentence, or None where it may be reached.
    `proxies` are the user's own: `http` and `https` name them, `no` the hosts that are reached without.
    """

    def __init__(self, refusal_of: Callable[[str], str | None], proxies: Mapping[str, str]) -> None:
        self._refusal_of = refusal_of
        self._proxies = dict(proxies)
        self._secret = secrets.token_urlsafe(24)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """For the proxy variables of a child, the secret in it."""
        assert self._server is not None, "it is started first"
        return f"http://{_USER}:{self._secret}@127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def stop(self) -> None:
        if self._server is not None:
            end_listening(self._server)
            await asyncio.sleep(0)  # what was accepted becomes a connection
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # One that is ended before it began has closed nothing.
        task.add_done_callback(lambda ended: writer.transport.abort() if ended.cancelled() else None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            try:
                asked = await self._admit(reader)
                server = await self._reach(asked)
            except _Answer as answer:
                await _say(writer, answer)
            else:
                await _join(reader, writer, *server)

    async def _reach(self, asked: _Asked) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        try:
            async with asyncio.timeout(_DIAL_SECONDS):  # wait_for of Python 3.11 may lose the order to end
                return await self._dial(asked)
        except (OSError, TimeoutError, UnicodeError) as exc:  # the last: a name that is none
            raise _Answer("502 Bad Gateway", f"{asked.host} cannot be reached: {exc}") from exc

    async def _admit(self, reader: asyncio.StreamReader) -> _Asked:
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            asked = _read(head)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as exc:
            raise _Answer("400 Bad Request", "The proxy was asked for nothing that it knows.") from exc
        wanted = base64.b64encode(f"{_USER}:{self._secret}".encode())
        if not hmac.compare_digest(_header(head, b"proxy-authorization"), b"Basic " + wanted):
            realm = 'Proxy-Authenticate: Basic realm="rehearsal"\r\n'
            raise _Answer("407 Proxy Authentication Required", "This proxy is a rehearsal's own.", realm)
        self._require_admitted(asked.host)
        return asked

    def _require_admitted(self, host: str) -> None:
        if words := self._refusal_of(host):
            raise _Answer("403 Forbidden", words)

    async def _dial(self, asked: _Asked) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        """The connection, and what the client is told first."""
        proxy = self._proxy_for(asked)
        host, port = (proxy[0], proxy[1]) if proxy else (asked.host, asked.port)
        reader, writer = await self._connect(host, port)
        if proxy is not None:
            writer.write(_for_another_proxy(asked, proxy[2]))
            return reader, writer, b""
        writer.write(asked.head)
        return reader, writer, b"HTTP/1.1 200 Connection established\r\n\r\n" if asked.is_tunnel else b""

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        problem = OSError(f"{host} has no address")
        for *_, address in found:
            self._require_admitted(str(address[0]))
            try:
                return await asyncio.open_connection(str(address[0]), port)
            except OSError as exc:
                problem = exc
        raise problem

    def _proxy_for(self, asked: _Asked) -> tuple[str, int, str] | None:
        """Host, port and `user:password` of the user's own."""
        url = self._proxies.get("https" if asked.is_tunnel else "http")
        if not url or urllib.request.proxy_bypass_environment(asked.host, self._proxies):  # type: ignore[attr-defined]
            return None
        parts = urlsplit(url if "//" in url else f"//{url}")
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
        return parts.hostname or "", parts.port or 80, user


class _Answer(Exception):
    """What the client is told in place of being passed on."""

    def __init__(self, status: str, text: str, fields: str = "") -> None:
        super().__init__(text)
        self.status, self.text, self.fields = status, text, fields


def _for_another_proxy(asked: _Asked, user: str) -> bytes:
    credentials = f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n" if user else ""
    if asked.is_tunnel:
        name = f"{asked.host}:{asked.port}"
        return f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n{credentials}\r\n".encode()
    line, fields = asked.head.split(b"\r\n", 1)
    method, rest = line.split(b" ", 1)
    url = f"http://{asked.host}:{asked.port}".encode()
    return b"%s %s%s\r\n%s%s" % (method, url, rest, credentials.encode(), fields)


def _read(head: bytes) -> _Asked:
    """`ValueError` for what is no request to a proxy."""
    line, fields = head.decode("latin-1").split("\r\n", 1)
    method, target, version = line.split(" ")
    if method == "CONNECT":
        parts = urlsplit(f"//{target}")
        return _Asked(parts.hostname or "", parts.port or 443, b"", True)
    parts = urlsplit(target)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(target)
    kept = [
        field for field in fields.split("\r\n") if field and not field.lower().startswith(("proxy-", "connection:"))
    ]
    path = parts._replace(scheme="", netloc="").geturl() or "/"
    sent = "\r\n".join((f"{method} {path} {version}", *kept, "Connection: close", "", ""))
    return _Asked(parts.hostname, parts.port or 80, sent.encode("latin-1"), False)


def _header(head: bytes, name: bytes) -> bytes:
    for field in head.split(b"\r\n")[1:]:
        found, _, value = field.partition(b":")
        if found.strip().lower() == name:
            return value.strip()
    return b""


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    server_reader: asyncio.StreamReader,
    server_writer: asyncio.StreamWriter,
    first: bytes,
) -> None:
    with contextlib.closing(server_writer):
        writer.write(first)
        await asyncio.gather(_copy(reader, server_writer), _copy(server_reader, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(_CHUNK_BYTES):
            target.write(data)
            await target.drain()
    with contextlib.suppress(OSError, RuntimeError):
        if target.can_write_eof():
            target.write_eof()


async def _say(writer: asyncio.StreamWriter, answer: _Answer) -> None:
    body = f"{answer.text}\n".encode()
    head = f"HTTP/1.1 {answer.status}\r\n{answer.fields}Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    await writer.drain()
