"""The public API, called as a customer does: over HTTPS, signed with the caller's credentials.

Connections are kept alive. It must not raise for what the API or the network does wrong: that is what
the prober is there to count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TIMEOUT = urllib3.Timeout(connect=2, read=5)


@dataclass(frozen=True)
class Answer:
    """`status` is 0 when no answer came at all; `body` is {} when it was not a JSON object."""

    status: int
    body: Mapping[str, Any]
    etag: str | None = None


class SignedApi:
    """Calls below `url` (ends in /) with Signature Version 4 for execute-api; `connections` may be used at once."""

    def __init__(self, url: str, *, region: str, credentials: Credentials, connections: int = 1) -> None:
        self._url = url
        self._region = region
        self._credentials = credentials
        self._connections = urllib3.PoolManager(timeout=TIMEOUT, retries=False, maxsize=connections)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        if_match: str | None = None,
    ) -> Answer:
        url = self._url + path.lstrip("/") + (f"?{urlencode(query)}" if query else "")
        data = json.dumps(body).encode() if body is not None else b""
        headers = self._signed(method, url, data)
        if if_match is not None:
            headers["If-Match"] = if_match
        try:
            answer = self._connections.request(method, url, body=data or None, headers=headers)
        except urllib3.exceptions.HTTPError:
            return Answer(0, {})
        return Answer(answer.status, _json_object(answer.data), answer.headers.get("ETag"))

    def _signed(self, method: str, url: str, data: bytes) -> dict[str, str]:
        request = AWSRequest(method=method, url=url, data=data, headers={"Content-Type": "application/json"})
        SigV4Auth(self._credentials, "execute-api", self._region).add_auth(request)
        return dict(request.headers.items())


def _json_object(data: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
