"""Calls of an API that nobody signed: how a browser, curl or a smoke test calls an API without authorization.

MiniStack looks for an API in its caller's account only. So the API's account is looked up, and the call goes there
under the key of a role without any permission, unsigned: an API that wants a signature refuses it, as API Gateway does.
It must not know any API, nor what it answers.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from aiohttp import web

from pipeline.local.cloud.edge.credentials import Principal, SignedRequest, Vault
from pipeline.local.cloud.edge.provider_function import ProviderFunction
from pipeline.local.cloud.edge.upstream import Upstream

API_PATH = "/_aws/execute-api/"
_API_ID = re.compile(rf"{API_PATH}([a-z0-9]+)")
_ERROR_TYPE = "x-amzn-errortype"
_Place = tuple[str, str]


class UnsignedCalls:
    """See the module. An API is looked for where stacks were deployed."""

    def __init__(self, upstream: Upstream, vault: Vault, provider_function: ProviderFunction) -> None:
        self._upstream = upstream
        self._vault = vault
        self._provider_function = provider_function
        self._owners: dict[str, _Place] = {}

    async def answer(self, request: SignedRequest) -> web.Response:
        """API Gateway says 403 to a call that should be signed, and to one of an API or route that does not exist."""
        found = _API_ID.match(request.target)
        owner = await self._owner(found.group(1)) if found else None
        if owner is None or "authorization" in request.headers:
            answer = await self._upstream.send(request)
            return answer.response() if answer.status != 404 else _missing_token()
        nobody = await self._provider_function.principal(*owner)
        headers = {**request.headers, "authorization": _naming(nobody, owner[1])}
        answer = await self._upstream.send(SignedRequest(request.method, request.target, headers, request.body))
        is_refused = answer.status == 403 and _ERROR_TYPE in answer.headers
        return _missing_token() if is_refused else answer.response()

    async def _owner(self, api_id: str) -> _Place | None:
        if api_id not in self._owners:
            for account, region in self._provider_function.places:
                if await self._has_api(account, region, api_id):
                    self._owners[api_id] = (account, region)
        return self._owners.get(api_id)

    async def _has_api(self, account: str, region: str, api_id: str) -> bool:
        root = self._vault.principal(account)
        assert root is not None, f"{account} is no account"
        for path in (f"/restapis/{api_id}", f"/v2/apis/{api_id}"):
            request = SignedRequest("GET", path, {}, b"")
            answer = await self._upstream.send_as(root, request, region=region, service="apigateway")
            if answer.status == 200:
                return True
        return False


def _naming(principal: Principal, region: str) -> str:
    """An Authorization header that tells whose key it is, and is no valid signature."""
    scope = f"{datetime.now(UTC):%Y%m%d}/{region}/execute-api/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={principal.access_key}/{scope}, SignedHeaders=host, Signature={'0' * 64}"


def _missing_token() -> web.Response:
    headers = {"x-amzn-ErrorType": "MissingAuthenticationTokenException"}
    return web.json_response({"message": "Missing Authentication Token"}, status=403, headers=headers)
