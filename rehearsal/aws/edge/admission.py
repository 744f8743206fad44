"""Who may knock at all: this machine's own programs, and no web page that a browser on it shows.

A page of any site can make its reader's browser call a port of this machine. What gives such a call away: its Host,
where the page's own name was made to lead here; its Origin; and what the browser says of the page in Sec-Fetch-Site.
It must not know who signed a request, nor what it asks for.

Source: the Fetch standard ("Origin header", "HTTP-network-or-cache fetch"), Fetch Metadata Request Headers.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from aiohttp import web

from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.localize import FUNCTION_URL_PATH

API_PATH = "/_aws/execute-api/"
# With less after it, the emulator reads the rest of the request, and may find another service in it.
_API_CALL = re.compile(rf"{API_PATH}[^/]+/")
ALLOW_ORIGIN = "access-control-allow-origin"
ALLOW_METHODS = "access-control-allow-methods"
_FUNCTION_URL_CALL = re.compile(rf"{FUNCTION_URL_PATH}[a-z0-9]{{32}}/")
_CORS = "access-control-"
_OTHER_SITES = frozenset({"cross-site", "same-site"})
# Version 2 of AWS's SDK for JavaScript signs the host that it would have called (node_sdk_version_2.py): a service's,
# or a bucket's. What a host says of an API is never read: calls of one are known by their path.
_AWS_HOST = re.compile(r"(?!.*execute-api)([a-z0-9-]+\.)+amazonaws\.com(\.cn)?")
_SIGNED = "AWS4-HMAC-SHA256 "
# What only the emulator's owner needs, and what stands for an address that AWS hands out as a secret.
_CONTROL_PATHS = re.compile(r"/+(_ministack|_localstack|health)(/|$)")
_SECRET_PATHS = re.compile(r"/_ministack/(cfn-response|cfn-signal)/[\w-]{20,}")

Preflight = Callable[[SignedRequest], Awaitable[web.Response]]


class Admission:
    """See the module. `port` is the edge's; `preflight` asks an API which other sites may call it."""

    def __init__(self, port: int, preflight: Preflight) -> None:
        self._host = re.compile(rf"(127\.0\.0\.1|localhost|[a-z0-9.-]+\.localhost):{port}", re.IGNORECASE)
        self._preflight = preflight

    async def refusal(self, request: web.Request) -> web.Response | None:
        """Why the request goes no further; None where it may."""
        host, headers = request.headers.get("Host", ""), request.headers
        is_signed_for_aws = _AWS_HOST.fullmatch(host) and headers.get("Authorization", "").startswith(_SIGNED)
        if not self._host.fullmatch(host) and not is_signed_for_aws:
            return _refused(f"The host {host!r} is not this one's: it answers to 127.0.0.1 and localhost alone.")
        if not request.raw_path.startswith("/") or len(headers.getall("Authorization", [])) > 1:
            return _refused("The request is written in a way that is read in more than one.")
        if is_control_path(request.raw_path):
            return _refused(f"{request.path} is the emulator's own, and not to be reached from here.")
        origin = headers.get("Origin")
        is_of_another_site = headers.get("Sec-Fetch-Site", "") in _OTHER_SITES
        if not is_of_another_site and origin in (None, f"http://{host}"):
            return None
        if origin is not None and is_api_path(request.raw_path) and await self._api_allows(request, origin):
            return None
        return _refused(f"A page of {origin or 'another site'} may not call the local AWS.")

    async def _api_allows(self, request: web.Request, origin: str) -> bool:
        """An API answers other sites where it says so itself, and then every browser would let it."""
        if request.method == "OPTIONS":
            return True
        asked = {"host": request.headers["Host"], "origin": origin, "access-control-request-method": request.method}
        answer = await self._preflight(SignedRequest("OPTIONS", request.raw_path, asked, b""))
        methods = {method.strip() for method in answer.headers.get(ALLOW_METHODS, "*").split(",")}
        return answer.headers.get(ALLOW_ORIGIN) in ("*", origin) and bool(methods & {"*", request.method})


def is_api_path(target: str) -> bool:
    return _API_CALL.match(_path(target)) is not None


def is_function_url_path(target: str) -> bool:
    return _FUNCTION_URL_CALL.match(_path(target)) is not None


def is_control_path(target: str) -> bool:
    """As the emulator reads a path: decoded. An address that is a secret itself is none."""
    path = _path(target)
    return bool(_CONTROL_PATHS.match(path)) and not _SECRET_PATHS.fullmatch(path)


def is_secret_path(target: str) -> bool:
    return bool(_SECRET_PATHS.fullmatch(_path(target)))


def without_cors(response: web.StreamResponse) -> None:
    """The emulator lets every site read every answer. AWS does not; an API's own answers stay as they are."""
    for name in [name for name in response.headers if name.lower().startswith(_CORS)]:
        del response.headers[name]


def _path(target: str) -> str:
    return unquote(target.partition("?")[0])


def _refused(why: str) -> web.Response:
    return web.Response(status=403, text=f"{why}\n")
