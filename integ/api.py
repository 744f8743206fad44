"""The cars API as any of its callers sees it: a URL, signed requests, JSON. It knows nothing of what is behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

TIMEOUT_SECONDS = 10
_BACK_OFF = Retry(total=4, backoff_factor=0.3, status_forcelist=(429, 503), allowed_methods=None, raise_on_status=False)
"""Throttling alone is tried again: an error of the service is what the tests are there to see."""


Hear = Callable[[str, requests.Response], None]
"""Takes the method of each request and its answer."""


def _unheard(_method: str, _answer: requests.Response) -> None: ...


class CarsApi:
    """`url` is the API's stage and ends in a slash; with `credentials` None nothing is signed.

    Source: IAM user guide, "Signature Version 4 for API requests".
    """

    def __init__(self, url: str, *, region: str, credentials: Credentials | None, hear: Hear = _unheard) -> None:
        self._url = url
        self._region = region
        self._credentials = credentials
        self._hear = hear
        self._session = requests.Session()
        self._session.mount(url, HTTPAdapter(max_retries=_BACK_OFF))

    def close(self) -> None:
        self._session.close()

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """`path` as 'cars/some-id'; a `body` that is a string is sent as it is, any other as JSON."""
        text = body if isinstance(body, str) else None if body is None else json.dumps(body)
        url = requests.Request(method, self._url + path, params=query).prepare().url or ""
        all_headers = {"Content-Type": "application/json", **(headers or {})}
        signed = AWSRequest(method=method, url=url, data=text, headers=all_headers)
        if self._credentials is not None:
            SigV4Auth(self._credentials, "execute-api", self._region).add_auth(signed)
        answer = self._session.request(method, url, data=text, headers=dict(signed.headers), timeout=TIMEOUT_SECONDS)
        self._hear(method, answer)
        return answer


def problem_of(answer: requests.Response, status: HTTPStatus) -> dict[str, Any]:
    """The problem document (RFC 9457) that says the same as the status line. Raises AssertionError."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem
