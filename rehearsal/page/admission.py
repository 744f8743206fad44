"""Who may see the page: whoever has its secret, from a page of its own or by typing its address.

All others get one answer, which does not tell that there is anything. It must not know what is served.

Source: the Fetch standard ("Origin header"), Fetch Metadata Request Headers, "DNS rebinding" (a page of another name
that leads here gives itself away by its Host).
"""

from __future__ import annotations

import hmac

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_OWN_HEADER = "X-Rehearsal"  # a form or a simple request of another site cannot send it
_OTHER_SITES = frozenset({"cross-site", "same-site"})
_READS = frozenset({"GET", "HEAD"})
_SECURE = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NOT_KEPT = "no-store"


def secure(response: web.StreamResponse) -> None:
    """Adds the headers that every answer has; what may be kept says so before."""
    response.headers.update(_SECURE)
    response.headers.setdefault("Cache-Control", _NOT_KEPT)


def admission(secret: str, port: int) -> Middleware:
    """A middleware; `port` is the one that the page is served at."""
    hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not (_has_secret(request, secret) and _is_own(request, hosts)):
            return _nothing()
        try:
            return await handler(request)
        except web.HTTPException as exc:
            if exc.status == web.HTTPNotFound.status_code:
                return _nothing()
            secure(exc)
            raise

    return admit


def _has_secret(request: web.Request, secret: str) -> bool:
    given = request.path.split("/", 2)[1] if request.path.startswith("/") else ""
    return hmac.compare_digest(given.encode(), secret.encode())


def _is_own(request: web.Request, hosts: tuple[str, ...]) -> bool:
    headers = request.headers
    host = headers.get("Host", "").lower()
    if host not in hosts or headers.get("Origin", f"http://{host}").lower() != f"http://{host}":
        return False
    is_link = request.method in _READS and headers.get("Sec-Fetch-Mode") == "navigate"
    if headers.get("Sec-Fetch-Site", "") in _OTHER_SITES and not is_link:
        return False
    return request.method in _READS or headers.get(_OWN_HEADER) == "1"


def _nothing() -> web.Response:
    response = web.Response(status=web.HTTPNotFound.status_code)
    secure(response)
    return response
