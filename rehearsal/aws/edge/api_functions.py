"""The functions and the keys that APIs need, wherever they are: in the Lambda host, or in the emulator.

It must not know what a function is invoked for.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rehearsal.aws.edge.credentials import Vault
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.edge.upstream import Upstream
from rehearsal.aws.lambda_host.api_gateway import ApiAuthorizations, ServedCall
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult

_USER_POOL = re.compile(r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com/([a-z0-9-]+_[A-Za-z0-9]+)")
_FUNCTION_ERROR = "X-Amz-Function-Error"
_OK = 200
# For so long the host is not asked again for a function that it does not run.
_ELSEWHERE_SECONDS = 5.0


class ApiHost(Protocol):
    """The Lambda host."""

    api_authorizations: ApiAuthorizations

    async def runs(self, function: FunctionArn) -> bool: ...

    async def invoke_for_api(self, function: FunctionArn, event: bytes) -> InvocationResult | None: ...

    def count_api_call(self, served: ServedCall) -> None: ...

    def now(self) -> float: ...


class ApiFunctions:
    """See the module. Without a `host`, the emulator runs every function."""

    def __init__(self, upstream: Upstream, vault: Vault) -> None:
        self.host: ApiHost | None = None
        self._elsewhere: dict[FunctionArn, float] = {}
        self._keys: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._upstream = upstream
        self._vault = vault

    async def invoke(self, function: FunctionArn, event: bytes) -> InvocationResult | None:
        """None for a function that is not there."""
        if self.host is not None and time.monotonic() >= self._elsewhere.get(function, 0.0):
            result = await self.host.invoke_for_api(function, event)
            if result is not None:
                return result
            self._elsewhere[function] = time.monotonic() + _ELSEWHERE_SECONDS
        return await self._invoke_in_emulator(function, event)

    async def keys(self, issuer: str) -> Sequence[Mapping[str, Any]] | None:
        """An issuer's public keys, None where it is no user pool of this local AWS. A pool's keys stay as they are."""
        if issuer in self._keys:
            return self._keys[issuer]
        pool = _USER_POOL.fullmatch(issuer)
        if pool is None:
            return None
        target = f"/{pool.group(1)}/.well-known/jwks.json"
        answer = await self._upstream.send(SignedRequest("GET", target, {"host": self._upstream.authority}, b""))
        if answer.status != _OK:
            return None
        self._keys[issuer] = list(json.loads(answer.body).get("keys") or ())
        return self._keys[issuer]

    def served(self, served: ServedCall) -> None:
        if self.host is not None:
            self.host.count_api_call(served)

    def now(self) -> float:
        return self.host.now() if self.host else time.time()

    async def _invoke_in_emulator(self, function: FunctionArn, event: bytes) -> InvocationResult | None:
        qualifier = f"?Qualifier={function.qualifier}" if function.qualifier else ""
        target = f"/2015-03-31/functions/{function.name}/invocations{qualifier}"
        root = self._vault.principal(function.account)
        if root is None:
            return None
        request = SignedRequest("POST", target, {"content-type": "application/json"}, event)
        began = time.monotonic()
        answer = await self._upstream.send_as(root, request, region=function.region, service="lambda")
        if answer.status != _OK:
            return None
        return InvocationResult(
            version="",
            payload=answer.body,
            function_error=answer.headers.get(_FUNCTION_ERROR),
            duration_ms=(time.monotonic() - began) * 1000,
        )
