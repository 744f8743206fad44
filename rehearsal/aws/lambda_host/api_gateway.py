"""What API Gateway and the Lambda host tell each other: which calls were answered, and which are only asked about.

The emulator's IAM says who may make a call of an API, and says so when it hands over the event. So it is asked with a
mark in the request, and where the mark comes back, the host answers in place of the function: whoever asked then knows
that the call is allowed, and whose it is. It must not run functions.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from rehearsal.aws.lambda_host.metrics import ApiRoute

AUTHORIZATION_HEADER = "x-rehearsal-authorization"
_ALLOWED = b'{"statusCode": 200, "body": ""}'


@dataclass(frozen=True, kw_only=True)
class ServedCall:
    """A call that has been answered: of which API, and by which function where one was invoked."""

    account: str
    region: str
    route: ApiRoute
    status: int
    function: FunctionArn | None = None
    result: InvocationResult | None = None


@dataclass
class Asked:
    """A question to the emulator's IAM. `event` is what the function would have got, None while nobody allows it."""

    mark: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    event: Mapping[str, Any] | None = None


class ApiAuthorizations:
    """See the module. Safe to use from several threads."""

    def __init__(self) -> None:
        self._asked: dict[str, Asked] = {}

    @contextmanager
    def asked(self) -> Iterator[Asked]:
        """The mark belongs into the header of the request that is sent in here."""
        asked = Asked()
        self._asked[asked.mark] = asked
        try:
            yield asked
        finally:
            del self._asked[asked.mark]

    def answer(self, event: bytes) -> bytes | None:
        """In place of the function's; None for an event that nobody only asks about."""
        if not self._asked or AUTHORIZATION_HEADER.encode() not in event:
            return None
        try:
            told = json.loads(event)
        except ValueError:
            return None
        headers = told.get("headers") if isinstance(told, Mapping) else None
        asked = self._asked.get(str(headers.get(AUTHORIZATION_HEADER))) if isinstance(headers, Mapping) else None
        if asked is None:
            return None
        asked.event = told
        return _ALLOWED
