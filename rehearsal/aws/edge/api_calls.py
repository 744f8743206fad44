"""Calls of an API, signed or not: found, and answered as API Gateway does (rehearsal/aws/apigateway).

The emulator answers what is no Lambda proxy integration (mock, HTTP, AWS services), WebSocket APIs, and signed calls
of functions that the host does not run. It looks for an API in its caller's account alone, so a call that nobody signed
tells that account in its query. It must not know any API, nor what it answers.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from rehearsal.aws.apigateway.http_calls import HttpCalls
from rehearsal.aws.apigateway.lambda_authorizer import LambdaAuthorizers
from rehearsal.aws.apigateway.ports import ForTheEmulator, Iam, Ports
from rehearsal.aws.apigateway.refusal import HttpAnswer, Refused
from rehearsal.aws.apigateway.request import ApiRequest, api_address
from rehearsal.aws.apigateway.rest_calls import RestCalls, refusal
from rehearsal.aws.edge.admission import is_api_path
from rehearsal.aws.edge.api_configuration import ApiConfigurations, ApiKind, Owner
from rehearsal.aws.edge.api_functions import ApiFunctions
from rehearsal.aws.edge.api_iam import ApiIam, refused_for, refused_of
from rehearsal.aws.edge.credentials import Vault
from rehearsal.aws.edge.provider_function import ProviderFunction
from rehearsal.aws.edge.refusals import ERROR_TYPE
from rehearsal.aws.edge.signature import (
    Signature,
    SignedRequest,
    check_body,
    parse_signature,
    without_query_signature,
)
from rehearsal.aws.edge.upstream import Answer, Upstream
from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.service_api import ApiError

Headers = tuple[tuple[str, str], ...]
_EXECUTE_API = "execute-api"
_NOT_FOUND = 404
_FORBIDDEN = 403
_TOO_LARGE = 413
_MISSING_TOKEN = "Missing Authentication Token"  # noqa: S105
# To the emulator an API's address without a slash is another service's.
_NOT_WHOLE = Answer(_NOT_FOUND, CIMultiDict({"Content-Type": "application/json"}), b'{"message":"Not Found"}')
_NO_STAGE = HttpAnswer(
    _FORBIDDEN,
    (("Content-Type", "application/json"), ("x-amzn-ErrorType", "ForbiddenException")),
    b'{"message":"Forbidden"}',
)


@dataclass(frozen=True)
class IncomingCall:
    """`headers` are as they were sent. `error` tells that the signature, where there is one, is not right.

    A body that is too large is not there.
    """

    request: SignedRequest
    headers: Headers
    signature: Signature | None = None
    error: ApiError | None = None
    is_too_large: bool = False


class ApiCalls:
    """See the module. An API is looked for where stacks were deployed, and in its caller's account."""

    def __init__(self, upstream: Upstream, vault: Vault, provider_function: ProviderFunction) -> None:
        self.functions = ApiFunctions(upstream, vault)
        self._upstream = upstream
        self._vault = vault
        self._provider_function = provider_function
        self._configurations = ApiConfigurations(upstream, vault)
        self._iam = ApiIam(upstream, vault, self.functions)
        ports = Ports(
            invoke=self.functions.invoke,
            keys=self.functions.keys,
            served=self.functions.served,
            now=self.functions.now,
            wall=time.time,
        )
        authorizers = LambdaAuthorizers(self.functions.invoke, self.functions.now)
        self._rest = RestCalls(ports, authorizers, self._configurations.key_counts)
        self._http = HttpCalls(ports, authorizers)

    def changed(self) -> None:
        """An API may be deployed otherwise than it was."""
        self._configurations.changed()

    async def receive(self, request: SignedRequest, headers: Headers, *, is_too_large: bool) -> web.Response:
        """Only a method that wants IAM reads who has signed: what is wrong with a signature is told there."""
        signature, error = None, None
        try:
            signature = parse_signature(request.target, request.headers)
            if signature is not None and not is_too_large:
                _require_scope(signature)
                check_body(request.headers, request.body)
                self._vault.authenticate(request, signature)
        except ApiError as exc:
            error = exc
        return await self.answer(IncomingCall(request, headers, signature, error, is_too_large))

    async def preflight(self, request: SignedRequest) -> web.Response:
        """What an API says to a page of another site."""
        if api_address(request.target) is None:
            return web.Response(status=_FORBIDDEN)
        return await self.answer(IncomingCall(request, tuple(request.headers.items())))

    async def answer(self, call: IncomingCall) -> web.Response:
        address = api_address(call.request.target)
        assert address is not None, "whoever calls has looked"
        api_id, rest = address
        owner = await self._configurations.owner(api_id, self._places(call.signature))
        if call.is_too_large and (owner is None or owner.kind is ApiKind.WEBSOCKET):
            return web.json_response({"message": "Request Too Long"}, status=_TOO_LARGE)
        if owner is None:
            return await self._of_nobody(call)
        received = _received(call, rest)
        match owner.kind:
            case ApiKind.REST:
                return await self._of_rest_api(call, owner, api_id, received)
            case ApiKind.HTTP:
                return await self._of_http_api(call, owner, api_id, received)
            case ApiKind.WEBSOCKET:
                return (await self._pass_on(call, owner)).response()

    async def _of_rest_api(self, call: IncomingCall, owner: Owner, api_id: str, received: ApiRequest) -> web.Response:
        stage_name, _, path = received.path.partition("/")
        found = await self._configurations.rest_api(owner, api_id, stage_name)
        if found is None:
            return _response(_NO_STAGE, "x-amzn-RequestId", received)
        api, stage = found
        inside = _at(received, f"/{path}")
        try:
            answer = await self._rest.answer(api, stage, inside, self._asks(call, keeps_encoding=True))
        except ForTheEmulator:
            answer = None
        if answer is None:
            passed = await self._pass_on(call, owner)
            refused = _refused(call, passed)
            if refused is None:
                return passed.response()
            answer = refusal(refused, api, stage, inside)
        return _response(answer, "x-amzn-RequestId", received)

    async def _of_http_api(self, call: IncomingCall, owner: Owner, api_id: str, received: ApiRequest) -> web.Response:
        api = await self._configurations.http_api(owner, api_id)
        if api is None:
            return _response(HttpAnswer(_NOT_FOUND, (), b'{"message":"Not Found"}'), "apigw-requestid", received)
        stage, path = api.place(received.path)
        asks = self._asks(call, keeps_encoding=False)
        try:
            answer = await self._http.answer(api, stage, _at(received, path), asks)
        except ForTheEmulator:
            answer = None
        if answer is None:
            return (await self._pass_on(call, owner)).response()
        return _response(answer, "apigw-requestid", received)

    def _asks(self, call: IncomingCall, *, keeps_encoding: bool) -> Iam | None:
        signature = call.signature
        if call.error is None and signature is None:
            return None

        async def ask(function: FunctionArn) -> Mapping[str, Any]:
            if call.error is not None:
                raise refused_for(call.error)
            assert signature is not None, "it is there where no error is"
            return await self._iam.allow(call.request, signature, function, keeps_encoding=keeps_encoding)

        return ask

    def _places(self, signature: Signature | None) -> list[tuple[str, str]]:
        caller = self._vault.principal(signature.access_key) if signature else None
        own = [(caller.account, signature.region)] if caller and signature else []
        return [*own, *self._provider_function.places]

    async def _pass_on(self, call: IncomingCall, owner: Owner) -> Answer:
        """Signed as it is; else with the key of somebody in the API's account who may nothing."""
        request = call.request
        if call.signature is not None and call.error is None:
            return await self._upstream.send(request)
        if not is_api_path(request.target):
            return _NOT_WHOLE
        nobody = await self._provider_function.principal(*owner.place)
        target = without_query_signature(request.target)
        mark = "&" if "?" in target else "?"
        named = f"{target}{mark}AWSAccessKeyId={nobody.access_key}"
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        kept = request.headers if call.signature is None and call.error is None else headers
        return await self._upstream.send(SignedRequest(request.method, named, kept, request.body))

    async def _of_nobody(self, call: IncomingCall) -> web.Response:
        """API Gateway says 403 to a call of an API that does not exist."""
        if call.error is None and is_api_path(call.request.target):
            answer = await self._upstream.send(call.request)
            if answer.status != _NOT_FOUND:
                return answer.response()
        message = call.error.message if call.error else _MISSING_TOKEN
        name = refused_for(call.error).error_type if call.error else "MissingAuthenticationTokenException"
        return web.json_response({"message": message}, status=_FORBIDDEN, headers={ERROR_TYPE: name})


def _require_scope(signature: Signature) -> None:
    if signature.service != _EXECUTE_API:
        words = f"Credential should be scoped to correct service: {_EXECUTE_API!r}"
        raise ApiError("SignatureDoesNotMatch", words, status=_FORBIDDEN)


def _refused(call: IncomingCall, passed: Answer) -> Refused | None:
    """The emulator's refusal; of a signature that is not right it has seen nothing."""
    if call.error is not None and passed.status == _FORBIDDEN and ERROR_TYPE in passed.headers:
        return refused_for(call.error)
    return refused_of(passed)


def _received(call: IncomingCall, rest: str) -> ApiRequest:
    """Its path is still `stage/path`."""
    request = call.request
    return ApiRequest(
        method=request.method,
        path=rest,
        query=request.target.partition("?")[2],
        headers=call.headers,
        body=request.body,
        is_too_large=call.is_too_large,
        request_id=str(uuid.uuid4()),
        received_at=time.time(),
    )


def _at(request: ApiRequest, path: str) -> ApiRequest:
    return replace(request, path=path)


def _response(answer: HttpAnswer, name: str, request: ApiRequest) -> web.Response:
    """`name` is the header that tells the request's id."""
    headers = CIMultiDict(answer.headers)
    headers[name] = request.request_id
    return web.Response(status=answer.status, headers=headers, body=answer.body)
