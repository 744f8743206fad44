"""A call of an HTTP API, from its route to its answer.

In: the API as it is deployed, and the request. Out: the answer, or None where the integration is no Lambda proxy, for
that is the emulator's to answer. It must not know HTTP servers, nor how a function runs.

Sources: "Control access to HTTP APIs" (JWT and Lambda authorizers, IAM); "Configure CORS for HTTP APIs".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.apigateway.authorizer import Authorizer, identity
from rehearsal.aws.apigateway.http_api import DEFAULT, HttpApi, Route, cors_headers, find_route, preflight_headers
from rehearsal.aws.apigateway.http_event import http_event_2, is_text, raw_path
from rehearsal.aws.apigateway.jwt import BadToken, check_token, claims_as_text, read_token
from rehearsal.aws.apigateway.lambda_authorizer import AuthorizerCall, LambdaAuthorizers
from rehearsal.aws.apigateway.ports import Answered, Iam, Ports, function_of, invoke_in_time
from rehearsal.aws.apigateway.proxy_answer import JSON, http_answer
from rehearsal.aws.apigateway.proxy_event import http_event_1, request_context, with_authorizer
from rehearsal.aws.apigateway.refusal import (
    HttpAnswer,
    Refused,
    ResponseType,
    authorizer_is_broken,
    denied,
    unauthorized,
)
from rehearsal.aws.apigateway.request import ApiRequest
from rehearsal.aws.lambda_host.api_gateway import ServedCall
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from rehearsal.aws.lambda_host.metrics import ApiRoute

PROXY = "AWS_PROXY"
_ANSWERS = {
    ResponseType.UNAUTHORIZED: (401, "Unauthorized"),
    ResponseType.ACCESS_DENIED: (403, "Forbidden"),
    ResponseType.EXPIRED_TOKEN: (403, "Forbidden"),
    ResponseType.INVALID_SIGNATURE: (403, "Forbidden"),
    ResponseType.DEFAULT_4XX: (403, "Forbidden"),
    ResponseType.MISSING_AUTHENTICATION_TOKEN: (403, "Forbidden"),
    ResponseType.INTEGRATION_TIMEOUT: (503, "Service Unavailable"),
}


@dataclass(frozen=True)
class _Call:
    api: HttpApi
    stage: str
    request: ApiRequest
    route: Route
    path_parameters: Mapping[str, str]
    iam: Iam | None

    @property
    def variables(self) -> Mapping[str, str]:
        return self.api.stages.get(self.stage, {})

    @property
    def arn(self) -> str:
        api, path = self.api, self.request.path.lstrip("/")
        place = f"arn:aws:execute-api:{api.region}:{api.account}:{api.api_id}"
        return f"{place}/{self.stage}/{self.request.method}/{path}"

    def event(self, payload_format: str) -> dict[str, Any]:
        if payload_format == "2.0":
            return http_event_2(self.api, self.stage, self.route.key, self.path_parameters, self.request)
        context = request_context(
            self.request, api_id=self.api.api_id, account=self.api.account, region=self.api.region, stage=self.stage
        )
        return http_event_1(
            self.request,
            context={**context, "path": raw_path(self.stage, self.request.path)},
            resource=self.route.path or DEFAULT,
            path_parameters=self.path_parameters,
            stage_variables=self.variables,
            is_binary=not is_text(self.request),
        )


class HttpCalls:
    """See the module. `authorizers` keep what functions have said."""

    def __init__(self, ports: Ports, authorizers: LambdaAuthorizers) -> None:
        self._ports = ports
        self._authorizers = authorizers

    async def answer(self, api: HttpApi, stage: str, request: ApiRequest, iam: Iam | None) -> HttpAnswer | None:
        """`iam` asks whether the call's signer may make it; None where nobody signed it."""
        if request.method == "OPTIONS" and api.cors is not None:
            return HttpAnswer(204, tuple(preflight_headers(api.cors, request).items()))
        found = find_route(api, request.method, request.path) if stage in api.stages else None
        if found is None:
            return _plain(404, "Not Found")
        if request.is_too_large:
            return _plain(413, "Request Entity Too Large")
        route, values = found
        function = function_of(route.uri, api.stages.get(stage, {}))
        if route.integration_type != PROXY or function is None:
            return None
        result: InvocationResult | None = None
        try:
            answer, result = await self._serve(_Call(api, stage, request, route, values, iam), function)
        except Refused as refused:
            answer = refusal(refused)
        except Answered as answered:
            answer = answered.answer
        self._tell(api, stage, answer, function if result else None, result)
        return _with_cors(answer, cors_headers(api.cors, request))

    async def _serve(self, call: _Call, function: FunctionArn) -> tuple[HttpAnswer, InvocationResult]:
        words = await self._authorize(call, function)
        event = call.event(call.route.payload_format)
        if words is not None:
            if call.route.payload_format != "2.0":
                words = words.get("lambda", words.get("jwt", words))
            event = with_authorizer(event, words)
        payload, timeout = json.dumps(event).encode(), call.route.timeout_seconds
        result = await invoke_in_time(self._ports, function, payload, timeout)
        return http_answer(result, call.route.payload_format), result

    async def _authorize(self, call: _Call, function: FunctionArn) -> Mapping[str, Any] | None:
        """What the event's `requestContext.authorizer` says in format 2.0."""
        match call.route.authorization_type:
            case "AWS_IAM":
                return await _by_iam(call, function)
            case "JWT":
                return await self._by_token(call)
            case "CUSTOM":
                return await self._by_function(call)
            case _:
                return None

    async def _by_function(self, call: _Call) -> Mapping[str, Any]:
        authorizer = _authorizer(call)
        event = call.event(authorizer.payload_format)
        known = identity(authorizer, call.request, stage_variables=call.variables, context=event["requestContext"])
        told = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
        if authorizer.payload_format == "2.0":
            asked = {**told, "type": "REQUEST", "routeArn": call.arn, "identitySource": list(known)}
        else:
            source = ",".join(known)
            asked = {**told, "type": "REQUEST", "methodArn": call.arn, "identitySource": source}
            asked["authorizationToken"] = source
        verdict = await self._authorizers.authorize(
            authorizer,
            AuthorizerCall(
                place=(call.api.account, call.api.region, call.api.api_id, call.stage),
                function=function_of(authorizer.function_uri, call.variables),
                identity=known,
                arn=call.arn,
                event=asked,
            ),
        )
        return {"lambda": verdict.context}

    async def _by_token(self, call: _Call) -> Mapping[str, Any]:
        """An issuer whose keys are not of this local AWS vouches for nobody."""
        authorizer = _authorizer(call)
        known = identity(authorizer, call.request, stage_variables=call.variables, context={})
        try:
            token = read_token(next(filter(None, known), ""))
            keys = await self._ports.keys(authorizer.issuer) or ()
            check_token(token, keys, issuers=[authorizer.issuer], audience=authorizer.audience, now=self._ports.wall())
        except BadToken as exc:
            raise unauthorized() from exc
        if call.route.scopes and not set(call.route.scopes) & set(token.scopes):
            raise denied(is_explicit=False)
        return {"jwt": {"claims": claims_as_text(token.claims), "scopes": list(token.scopes) or None}}

    def _tell(
        self,
        api: HttpApi,
        stage: str,
        answer: HttpAnswer,
        function: FunctionArn | None,
        result: InvocationResult | None,
    ) -> None:
        self._ports.served(
            ServedCall(
                account=api.account,
                region=api.region,
                route=ApiRoute("ApiId", api.api_id, stage),
                status=answer.status,
                function=function,
                result=result,
            )
        )


def refusal(refused: Refused) -> HttpAnswer:
    return _plain(*_ANSWERS.get(refused.response_type, (500, "Internal Server Error")))


def _plain(status: int, message: str) -> HttpAnswer:
    return HttpAnswer(status, (("Content-Type", JSON),), json.dumps({"message": message}).encode())


async def _by_iam(call: _Call, function: FunctionArn) -> Mapping[str, Any]:
    if call.iam is None:
        raise denied(is_explicit=False)
    context = await call.iam(function)
    if context.get("routeKey") != call.route.key:
        raise denied(is_explicit=False)
    return {"iam": (context.get("authorizer") or {}).get("iam")}


def _authorizer(call: _Call) -> Authorizer:
    found = call.api.authorizers.get(call.route.authorizer_id)
    if found is None:
        raise authorizer_is_broken()
    return found


def _with_cors(answer: HttpAnswer, headers: Mapping[str, str]) -> HttpAnswer:
    """CORS headers of the integration count for nothing where the API has its own."""
    if not headers:
        return answer
    kept = [pair for pair in answer.headers if not pair[0].lower().startswith("access-control-")]
    return HttpAnswer(answer.status, (*kept, *headers.items()), answer.body)
