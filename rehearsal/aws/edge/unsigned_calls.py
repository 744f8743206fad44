"""Calls of an API that nobody signed: how a browser, curl or a smoke test calls an API without authorization.

MiniStack looks for an API in its caller's account only. So the API's account is looked up, and the call goes there
under the key of a role without any permission, unsigned: an API that wants a signature refuses it, as API Gateway does.
It must not know any API, nor what it answers.
"""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from rehearsal.aws.edge.api_refusals import ApiRefusals
from rehearsal.aws.edge.credentials import Principal
from rehearsal.aws.edge.provider_function import ProviderFunction
from rehearsal.aws.edge.refusals import ERROR_TYPE
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.edge.upstream import Upstream


class UnsignedCalls:
    """See the module. An API is looked for where stacks were deployed."""

    def __init__(self, upstream: Upstream, refusals: ApiRefusals, provider_function: ProviderFunction) -> None:
        self._upstream = upstream
        self._refusals = refusals
        self._provider_function = provider_function

    async def answer(self, request: SignedRequest) -> web.Response:
        """API Gateway says 403 to a call that should be signed, and to one of an API or route that does not exist."""
        owner = await self._refusals.owner(request)
        if owner is None or "authorization" in request.headers:
            answer = await self._upstream.send(request)
            return answer.response() if answer.status != 404 else await self._refusals.missing_token(request)
        nobody = await self._provider_function.principal(*owner)
        headers = {**request.headers, "authorization": _naming(nobody, owner[1])}
        answer = await self._upstream.send(SignedRequest(request.method, request.target, headers, request.body))
        is_refused = answer.status == 403 and ERROR_TYPE in answer.headers
        return await self._refusals.missing_token(request) if is_refused else answer.response()


def _naming(principal: Principal, region: str) -> str:
    """An Authorization header that tells whose key it is, and is no valid signature."""
    scope = f"{datetime.now(UTC):%Y%m%d}/{region}/execute-api/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={principal.access_key}/{scope}, SignedHeaders=host, Signature={'0' * 64}"
