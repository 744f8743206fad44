"""Whether the signer of a call may make it: the emulator's IAM is asked, with the call itself.

It authorizes the call as ever, against the signer's policies, session and boundary, and hands its event over; the host
says then that it was only a question. It must not answer the call.

Source: "Control access to a REST API with IAM permissions".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.aws.apigateway.ports import Answered, ForTheEmulator
from rehearsal.aws.apigateway.refusal import HttpAnswer, Refused, ResponseType
from rehearsal.aws.edge.api_functions import ApiFunctions
from rehearsal.aws.edge.credentials import Vault
from rehearsal.aws.edge.refusals import ERROR_TYPE
from rehearsal.aws.edge.signature import Signature, SignedRequest
from rehearsal.aws.edge.upstream import Answer, Upstream
from rehearsal.aws.lambda_host.api_gateway import AUTHORIZATION_HEADER
from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.service_api import ApiError

_KINDS = {
    "AccessDeniedException": ResponseType.ACCESS_DENIED,
    "ExpiredTokenException": ResponseType.EXPIRED_TOKEN,
    "InvalidSignatureException": ResponseType.INVALID_SIGNATURE,
    "UnrecognizedClientException": ResponseType.DEFAULT_4XX,
    "IncompleteSignatureException": ResponseType.DEFAULT_4XX,
}
_NAMES = {
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "RequestTimeTooSkewed": "InvalidSignatureException",
    "IncompleteSignature": "IncompleteSignatureException",
}


class ApiIam:
    """See the module."""

    def __init__(self, upstream: Upstream, vault: Vault, functions: ApiFunctions) -> None:
        self._upstream = upstream
        self._vault = vault
        self._functions = functions

    async def allow(
        self, request: SignedRequest, signature: Signature, function: FunctionArn, *, keeps_encoding: bool
    ) -> Mapping[str, Any]:
        """`requestContext` of the event; `Refused`, `Answered`, or `ForTheEmulator` where it runs the function itself.

        `keeps_encoding` tells of a REST API: the emulator, which decodes paths, is then asked about the path as sent.
        """
        host = self._functions.host
        if host is None or not await host.runs(function):
            raise ForTheEmulator
        with host.api_authorizations.asked() as asked:
            headers = {**request.headers, AUTHORIZATION_HEADER: asked.mark}
            marked = SignedRequest(request.method, request.target, headers, request.body)
            answer = await self._send(marked, signature, keeps_encoding=keeps_encoding)
        if asked.event is None:
            raise refused_of(answer) or Answered(HttpAnswer(answer.status, tuple(answer.headers.items()), answer.body))
        context = asked.event.get("requestContext")
        return context if isinstance(context, Mapping) else {}

    async def _send(self, request: SignedRequest, signature: Signature, *, keeps_encoding: bool) -> Answer:
        path, mark, query = request.target.partition("?")
        principal = self._vault.principal(signature.access_key)
        if not keeps_encoding or "%" not in path or principal is None:
            return await self._upstream.send(request)
        unsigned = "&".join(pair for pair in query.split("&") if not pair.lower().startswith("x-amz-"))
        target = f"{path.replace('%', '%25')}{mark}{unsigned}"
        again = SignedRequest(request.method, target, request.headers, request.body)
        return await self._upstream.send_as(principal, again, region=signature.region, service=signature.service)


def refused_of(answer: Answer) -> Refused | None:
    """A refusal of the emulator's IAM; None for any other answer."""
    name = answer.headers.get(ERROR_TYPE, "").split(":")[0]
    if answer.status != 403 or name not in _KINDS:
        return None
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = {}
    message = body.get("message", body.get("Message")) if isinstance(body, dict) else None
    return Refused(_KINDS[name], None if message is None else str(message), name)


def refused_for(error: ApiError) -> Refused:
    """A signature that the edge itself found wrong, as API Gateway tells it."""
    name = _NAMES.get(error.code, "UnrecognizedClientException")
    return Refused(_KINDS[name], error.message, name)
