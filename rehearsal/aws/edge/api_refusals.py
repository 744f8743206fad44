"""What API Gateway says to a caller whom it does not let through: the API's own gateway response, where it has one.

MiniStack renders gateway responses for routes that it lacks, and checks signatures and permissions before it looks at
the API: so those refusals are given the API's words here. It must not decide who is let through.
Source: "Gateway responses for REST APIs in API Gateway".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from aiohttp import web

from rehearsal.aws.edge.admission import API_PATH
from rehearsal.aws.edge.credentials import Vault
from rehearsal.aws.edge.provider_function import ProviderFunction
from rehearsal.aws.edge.refusals import ERROR_TYPE
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.edge.upstream import Answer, Upstream
from rehearsal.aws.service_api import ApiError

MISSING_TOKEN = "MISSING_AUTHENTICATION_TOKEN"  # noqa: S105  (a type of gateway response)
_API_ID = re.compile(rf"{API_PATH}([a-z0-9]+)")
_KINDS = {
    "AccessDeniedException": "ACCESS_DENIED",
    "ExpiredTokenException": "EXPIRED_TOKEN",
    "InvalidSignatureException": "INVALID_SIGNATURE",
    "UnrecognizedClientException": "DEFAULT_4XX",
}
_NAMES = {"SignatureDoesNotMatch": "InvalidSignatureException", "RequestTimeTooSkewed": "InvalidSignatureException"}
_HEADER = "gatewayresponse.header."
_Place = tuple[str, str]


class ApiRefusals:
    """See the module. An API is looked for where stacks were deployed; the answers are those of its latest state."""

    def __init__(self, upstream: Upstream, vault: Vault, provider_function: ProviderFunction) -> None:
        self._upstream = upstream
        self._vault = vault
        self._provider_function = provider_function
        self._owners: dict[str, _Place] = {}

    async def pass_on(self, request: SignedRequest) -> web.Response:
        """The answer to a signed call; a refusal of the emulator's IAM in the API's words."""
        answer = await self._upstream.send(request)
        kind = _KINDS.get(answer.headers.get(ERROR_TYPE, "").split(":")[0]) if answer.status == 403 else None
        if kind is None:
            return answer.response()
        return await self._in_its_words(request, kind, _message(answer)) or answer.response()

    async def refuse(self, request: SignedRequest, error: ApiError) -> web.Response:
        """A signature that the edge itself found wrong, as API Gateway would say it."""
        name = _NAMES.get(error.code, "UnrecognizedClientException")
        return await self._in_its_words(request, _KINDS[name], error.message) or web.json_response(
            {"message": error.message}, status=403, headers={ERROR_TYPE: name}
        )

    async def missing_token(self, request: SignedRequest) -> web.Response:
        """To a call that should be signed, and to one of an API or route that does not exist."""
        message = "Missing Authentication Token"
        return await self._in_its_words(request, MISSING_TOKEN, message) or web.json_response(
            {"message": message}, status=403, headers={ERROR_TYPE: "MissingAuthenticationTokenException"}
        )

    async def owner(self, request: SignedRequest) -> _Place | None:
        """Account and region of the API that is called."""
        found = _API_ID.match(request.target)
        if found is None:
            return None
        api_id = found.group(1)
        if api_id not in self._owners:
            for place in self._provider_function.places:
                for path in (f"/restapis/{api_id}", f"/v2/apis/{api_id}"):
                    if (await self._ask(place, path)).status == 200:
                        self._owners[api_id] = place
        return self._owners.get(api_id)

    async def _in_its_words(self, request: SignedRequest, kind: str, message: str | None) -> web.Response | None:
        """None when nobody has said for this API what it answers then."""
        owner, found = await self.owner(request), _API_ID.match(request.target)
        if owner is None or found is None:
            return None
        answer = await self._ask(owner, f"/restapis/{found.group(1)}/gatewayresponses/{kind}")
        declared = json.loads(answer.body) if answer.status == 200 else {}
        template = (declared.get("responseTemplates") or {}).get("application/json")
        if declared.get("defaultResponse", True) or template is None:
            return None
        text = template.replace("$context.error.messageString", json.dumps(message))
        headers = {"Content-Type": "application/json", **_constant_headers(declared.get("responseParameters") or {})}
        return web.Response(status=int(declared.get("statusCode") or 403), headers=headers, body=text.encode())

    async def _ask(self, place: _Place, path: str) -> Answer:
        account, region = place
        root = self._vault.principal(account)
        assert root is not None, f"{account} is no account"
        return await self._upstream.send_as(
            root, SignedRequest("GET", path, {}, b""), region=region, service="apigateway"
        )


def _constant_headers(parameters: Mapping[str, str]) -> dict[str, str]:
    """Those whose value is a text in quotes; one that is taken from the request is left out."""
    return {
        name.removeprefix(_HEADER): value[1:-1]
        for name, value in parameters.items()
        if name.startswith(_HEADER) and len(value) > 1 and value[0] == value[-1] == "'"
    }


def _message(answer: Answer) -> str | None:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return None
    message = body.get("message", body.get("Message")) if isinstance(body, dict) else None
    return None if message is None else str(message)
