"""Invoke, as its callers know it. MiniStack says who may invoke what; the Lambda host does what MiniStack lacks.

- An asynchronous invocation of a function that the host runs goes to the host's queue: MiniStack is asked for a dry run
  only, so that it authorizes the caller and never tries the event itself.
- Of a synchronous one the host is told that somebody asked for it, and the function's whole error goes to the caller.

It must not run functions. Source: `Invoke` of the Lambda API reference.
"""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from aiohttp import web
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.edge.credentials import Principal, Vault
from rehearsal.aws.edge.signature import Signature, SignedRequest
from rehearsal.aws.edge.upstream import Upstream
from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.limits.payload import refuse_request

_TYPE = "x-amz-invocation-type"
_FUNCTION_ERROR = "X-Amz-Function-Error"
_EXECUTED_VERSION = "X-Amz-Executed-Version"
_ALLOWED = 204
_ACCEPTED = 202


class FunctionHost(Protocol):
    """The Lambda host."""

    @property
    def direct_invocations(self) -> InvocationsUnderWay: ...

    async def accept(self, function: FunctionArn, event: bytes, *, request_id: str) -> bool: ...

    def restore_error(self, body: bytes) -> bytes: ...


class InvocationsUnderWay(Protocol):
    def under_way(self, function: FunctionArn, event: bytes) -> AbstractContextManager[None]: ...


class Invocations:
    """See the module. Without a `host`, MiniStack does everything."""

    def __init__(self, upstream: Upstream, vault: Vault) -> None:
        self.host: FunctionHost | None = None
        self._upstream = upstream
        self._vault = vault

    async def answer(self, request: SignedRequest, signature: Signature) -> web.Response:
        refuse_request(request.body, is_asynchronous=request.headers.get(_TYPE) == "Event")
        principal = self._vault.principal(signature.access_key)
        if self.host is None or principal is None:
            return (await self._upstream.send(request)).response()
        function = function_of(request.target, account=principal.account, region=signature.region)
        if request.headers.get(_TYPE) == "Event":
            return await self._begin(self.host, function, request, signature, principal)
        with self.host.direct_invocations.under_way(function, request.body):
            answer = await self._upstream.send(request)
        return answer.response(self.host.restore_error(answer.body) if _FUNCTION_ERROR in answer.headers else None)

    async def _begin(
        self,
        host: FunctionHost,
        function: FunctionArn,
        request: SignedRequest,
        signature: Signature,
        principal: Principal,
    ) -> web.Response:
        asked = SignedRequest(request.method, request.target, {**request.headers, _TYPE: "DryRun"}, request.body)
        answer = await self._upstream.send_as(principal, asked, region=signature.region, service=signature.service)
        if answer.status != _ALLOWED:
            return answer.response()
        request_id = str(uuid.uuid4())
        try:
            is_accepted = await host.accept(function, request.body or b"{}", request_id=request_id)
        except (ClientError, BotoCoreError):  # deleted meanwhile
            is_accepted = False
        if not is_accepted:
            return (await self._upstream.send(request)).response()
        version = answer.headers.get(_EXECUTED_VERSION, "")
        headers = {"x-amzn-RequestId": request_id, **({_EXECUTED_VERSION: version} if version else {})}
        return web.Response(status=_ACCEPTED, headers=headers)


def function_of(target: str, *, account: str, region: str) -> FunctionArn:
    """The function that a request's path and query name: by name, partial or whole ARN, with or without a qualifier.

    `/2015-03-31/functions/cars:live/invocations`, `/2015-03-31/functions/cars/invocations?Qualifier=live`
    """
    parts = urlsplit(target)
    names = unquote(parts.path.split("/")[3]).split(":")
    if "function" in names:
        at = names.index("function")
        before, names = names[:at], names[at + 1 :]
        account = before[-1]
        region = before[-2] if len(before) > 1 else region
    qualifiers = parse_qs(parts.query).get("Qualifier", [])
    qualifier = qualifiers[0] if qualifiers else (names[1] if len(names) > 1 else None)
    return FunctionArn(account, region, names[0], qualifier)
