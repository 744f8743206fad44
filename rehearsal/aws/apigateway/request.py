"""A call of an API as it came, and what of it may be asked. It must not know the API, nor decode a path.

Header names keep the letters they were sent with, values their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, unquote

LOOPBACK = "127.0.0.1"
LARGEST_API_BODY = 10 * 1024 * 1024  # "Quotas for configuring and running" a REST API, and an HTTP API
_BY_PATH = re.compile(r"/_aws/execute-api/([^/?]+)(?:/([^?]*))?(?=\?|$)")
_BY_RESOURCE = re.compile(r"/restapis/([^/?]+)/([^/?]+)/_user_request_/?([^?]*)")


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """`path` is what follows the stage, percent-encoded as it was sent, `query` what follows its question mark.

    `received_at` is seconds since the epoch, of the wall clock. `is_too_large` tells of more than API Gateway takes
    (`LARGEST_API_BODY`); the body is not there then.
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_too_large: bool = False
    request_id: str = ""
    received_at: float = 0.0

    def values(self, header: str) -> list[str]:
        """All values of a header, in the order in which they were sent."""
        wanted = header.lower()
        return [value for name, value in self.headers if name.lower() == wanted]

    def header(self, name: str) -> str:
        """The last value, "" for none: the one that a REST API tells."""
        return next(reversed(self.values(name)), "")

    @cached_property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The query's names and values, decoded; a plus sign is a blank."""
        return tuple(parse_qsl(self.query, keep_blank_values=True))

    def parameter(self, name: str) -> str:
        return next((value for known, value in reversed(self.parameters) if known == name), "")


def api_address(target: str) -> tuple[str, str] | None:
    """Which API a request's target names, and what follows: the stage and the path, or a path alone.

    `/_aws/execute-api/abc/prod/cars?a=1` -> ("abc", "prod/cars"); None where it names no API.
    """
    if found := _BY_PATH.match(target):
        return found.group(1), found.group(2) or ""
    if found := _BY_RESOURCE.match(target):
        return found.group(1), f"{found.group(2)}/{found.group(3)}"
    return None


def segments(path: str) -> list[str]:
    """Still encoded: `%2F` divides nothing. Empty ones do not count."""
    return [segment for segment in path.split("/") if segment]


def means(segment: str, literal: str) -> bool:
    """Whether a segment of a path is this literal part of a resource's path, however it is encoded."""
    return segment == literal or unquote(segment) == literal


def joined(pairs: Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]) -> dict[str, str]:
    """By name, several values with commas between: how an HTTP API tells headers and parameters."""
    together: dict[str, str] = {}
    for name, value in pairs:
        together[name] = f"{together[name]},{value}" if name in together else value
    return together
