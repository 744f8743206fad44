"""What an approval's link leads to, where that is an object of S3: served from the local S3, as nothing but a document.

    GET  ./object/EXECUTION/STAGE/ACTION     the object that the link of this approval names, and no other

It is an app's own HTML: without script, and without the page's origin. It must not know where objects are kept.
Sources: HTML standard, "The sandbox attribute" and CSP3, "sandbox"; Fetch Metadata Request Headers (Sec-Fetch-Dest).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from aiohttp import web

from rehearsal.errors import RehearsalError
from rehearsal.page.admission import secure
from rehearsal.page.controls import Refused
from rehearsal.page.journal import Journal

MOST_BYTES = 32 * 1024 * 1024
_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)
_HOST = re.compile(r"(?:([a-z0-9-]+)\.)?console\.aws\.amazon\.com")
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:; ?charset=[\w-]+)?", re.ASCII)
_UNKNOWN_TYPE = "application/octet-stream"
_NOT_THERE = 404


@dataclass(frozen=True, kw_only=True)
class ObjectAddress:
    """`region` is "" where the link tells none."""

    region: str
    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    content: bytes
    content_type: str


ReadObject = Callable[[ObjectAddress], StoredObject]
"""Raises Refused where there is none, it cannot be read, or it has more than MOST_BYTES."""


def object_of(url: str) -> ObjectAddress | None:
    """What an address of S3's console shows, `https://REGION.console.aws.amazon.com/s3/object/BUCKET?prefix=KEY`.

    None where it is no such, or names a version.
    """
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
    except ValueError:
        return None
    host = _HOST.fullmatch(parts.netloc)
    root, _, bucket = parts.path.rpartition("/")
    keys = query.get("prefix", [])
    if host is None or parts.scheme != "https" or root != "/s3/object" or not bucket or len(keys) != 1:
        return None
    if "versionId" in query:
        return None
    of_host = host[1] if host[1] not in (None, "s3") else ""
    return ObjectAddress(region=query.get("region", [of_host])[0], bucket=bucket, key=keys[0])


def shown_at(url: str, *, page_url: str, execution_id: str, stage: str, action: str) -> str:
    """Where a person looks at what the approval's link names: the page, for an object of S3; else the link itself."""
    if object_of(url) is None:
        return url
    return f"{page_url}object/{quote(execution_id)}/{quote(stage)}/{quote(action)}"


class StoredObjects:
    """`read` may take a moment, and is not called in the loop."""

    def __init__(self, journal: Journal, read: ReadObject) -> None:
        self._journal = journal
        self._read = read

    def add_to(self, router: web.UrlDispatcher, root: str) -> None:
        router.add_get(f"{root}/object/{{execution}}/{{stage}}/{{action}}", self._object)

    async def _object(self, request: web.Request) -> web.Response:
        if request.headers.get("Sec-Fetch-Dest", "document") != "document":
            raise web.HTTPNotFound  # the page itself is never to take it in, as a script
        names = request.match_info
        address = self._address(names["execution"], names["stage"], names["action"])
        if address is None:
            raise web.HTTPNotFound
        try:
            found = await asyncio.to_thread(self._read, address)
        except (Refused, RehearsalError) as exc:
            return _alone(web.Response(status=_NOT_THERE, text=f"{exc}\n"))
        kind = found.content_type if _TYPE.fullmatch(found.content_type) else _UNKNOWN_TYPE
        return _alone(web.Response(body=found.content, headers={"Content-Type": kind}))

    def _address(self, execution_id: str, stage: str, action: str) -> ObjectAddress | None:
        """Of the approval's latest question."""
        for entry in reversed(self._journal.of_type("ApprovalRequested", execution_id)):
            asked = json.loads(entry.text)
            if (asked["stage"], asked["action"]) == (stage, action):
                return object_of(asked["url"])
        return None


def _alone(response: web.Response) -> web.Response:
    secure(response)
    response.headers["Content-Security-Policy"] = _POLICY
    # A browser refuses a document that is sandboxed and has this one.
    del response.headers["Cross-Origin-Opener-Policy"]
    return response
