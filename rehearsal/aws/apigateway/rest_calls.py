"""A call of a REST API, from its route to its answer: authorized, its key and its shape checked, the function invoked.

In: the API as it is deployed, and the request. Out: the answer, or None where the integration is no Lambda proxy, for
that is the emulator's to answer. It must not know HTTP servers, nor how a function runs.

Sources: "Set up Lambda proxy integrations in API Gateway"; "Control access to REST APIs" (each kind of authorization).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from rehearsal.aws.apigateway.authorizer import Authorizer, AuthorizerType, identity
from rehearsal.aws.apigateway.gateway_response import gateway_response
from rehearsal.aws.apigateway.jwt import BadToken, check_token, claims_as_text, read_token
from rehearsal.aws.apigateway.lambda_authorizer import AuthorizerCall, LambdaAuthorizers, token_event
from rehearsal.aws.apigateway.policy import Decision, decide, resource_policy
from rehearsal.aws.apigateway.ports import Answered, Iam, Ports, function_of, invoke_in_time
from rehearsal.aws.apigateway.proxy_answer import rest_answer
from rehearsal.aws.apigateway.proxy_event import rest_event, with_authorizer
from rehearsal.aws.apigateway.refusal import (
    HttpAnswer,
    Refused,
    ResponseType,
    authorizer_is_broken,
    missing_token,
    unauthorized,
)
from rehearsal.aws.apigateway.request import LOOPBACK, ApiRequest
from rehearsal.aws.apigateway.request_validation import validate
from rehearsal.aws.apigateway.rest_api import RestApi, RestRoute, Stage, find_route
from rehearsal.aws.lambda_host.api_gateway import ServedCall
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from rehearsal.aws.lambda_host.metrics import ApiRoute

PROXY = "AWS_PROXY"
LARGEST_BODY = 10 * 1024 * 1024
# Whether a key may use a stage of an API: it is enabled, and of a usage plan of that stage.
KeyCounts = Callable[[RestApi, str, str], Awaitable[bool]]


@dataclass(frozen=True)
class _Call:
    api: RestApi
    stage: Stage
    request: ApiRequest
    route: RestRoute
    iam: Iam | None

    @property
    def arn(self) -> str:
        """The method's. The pages do not say whether its path is decoded; here it is as it was sent."""
        api, path = self.api, self.request.path.lstrip("/")
        place = f"arn:aws:execute-api:{api.region}:{api.account}:{api.api_id}"
        return f"{place}/{self.stage.name}/{self.request.method}/{path}"


@dataclass(frozen=True)
class _Authorized:
    """`authorizer` and `identity` go into the event; `key` is what an authorizer has named."""

    authorizer: Mapping[str, Any] | None = None
    identity: Mapping[str, Any] | None = None
    key: str = ""


class RestCalls:
    """See the module. `authorizers` keep what functions have said."""

    def __init__(self, ports: Ports, authorizers: LambdaAuthorizers, key_counts: KeyCounts) -> None:
        self._ports = ports
        self._authorizers = authorizers
        self._key_counts = key_counts

    async def answer(self, api: RestApi, stage: Stage, request: ApiRequest, iam: Iam | None) -> HttpAnswer | None:
        """`iam` asks whether the call's signer may make it; None where nobody signed it."""
        route = find_route(api, request.method, request.path)
        try:
            if route is None:
                raise missing_token()
            if len(request.body) > LARGEST_BODY:
                raise Refused(ResponseType.REQUEST_TOO_LARGE, "Request Too Long", "RequestTooLargeException")
            function = function_of(route.method.uri, stage.variables)
            if route.method.integration_type != PROXY or function is None:
                if route.method.authorization_type == "AWS_IAM" and iam is None:
                    raise _unsigned(request)
                validate(api, route, request)
                return None
            return await self._serve(_Call(api, stage, request, route, iam), function)
        except Refused as refused:
            answer = refusal(refused, api, stage, request, route)
        except Answered as answered:
            answer = answered.answer
        self._tell(api, stage, answer)
        return answer

    async def _serve(self, call: _Call, function: FunctionArn) -> HttpAnswer:
        authorized = await self._authorize(call, function)
        key = await self._check_key(call, authorized)
        validate(call.api, call.route, call.request)
        event = with_authorizer(
            rest_event(call.api, call.stage, call.route, call.request),
            authorized.authorizer,
            {**(authorized.identity or {}), **({"apiKey": key} if key else {})},
        )
        payload, timeout = json.dumps(event).encode(), call.route.method.timeout_seconds
        result = await invoke_in_time(self._ports, function, payload, timeout)
        answer = rest_answer(result, call.request, call.api.binary_media_types)
        self._tell(call.api, call.stage, answer, function, result)
        return answer

    async def _authorize(self, call: _Call, function: FunctionArn) -> _Authorized:
        match call.route.method.authorization_type:
            case "AWS_IAM":
                return await _by_iam(call, function)
            case "COGNITO_USER_POOLS":
                authorized = await self._by_user_pool(call)
            case "CUSTOM":
                authorized = await self._by_function(call)
            case _:
                authorized = _Authorized()
        _check_resource_policy(call)
        return authorized

    async def _by_function(self, call: _Call) -> _Authorized:
        authorizer = _authorizer(call)
        event = rest_event(call.api, call.stage, call.route, call.request)
        known = identity(
            authorizer, call.request, stage_variables=call.stage.variables, context=event["requestContext"]
        )
        if authorizer.type is AuthorizerType.TOKEN:
            asked: Mapping[str, Any] = token_event(known[0], call.arn)
        else:
            told = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
            asked = {"type": "REQUEST", "methodArn": call.arn, **told}
        verdict = await self._authorizers.authorize(
            authorizer,
            AuthorizerCall(
                place=(call.api.account, call.api.region, call.api.api_id, call.stage.name),
                function=function_of(authorizer.function_uri, call.stage.variables),
                identity=known,
                arn=call.arn,
                event=asked,
            ),
        )
        return _Authorized(verdict.context, key=verdict.usage_key)

    async def _by_user_pool(self, call: _Call) -> _Authorized:
        """Without scopes the token is an ID token; with them an access token that has one of them."""
        authorizer, scopes = _authorizer(call), call.route.method.scopes
        known = identity(authorizer, call.request, stage_variables=call.stage.variables, context={})
        if not all(known):
            raise unauthorized()
        try:
            token = read_token(known[0])
            keys = await self._ports.keys(token.issuer) or ()
            issuers = [issuer for arn in authorizer.provider_arns if (issuer := user_pool_issuer(arn))]
            check_token(token, keys, issuers=issuers, audience=(), now=self._ports.wall())
        except BadToken as exc:
            raise unauthorized() from exc
        if not (set(scopes) & set(token.scopes) if scopes else token.claims.get("token_use") == "id"):
            raise unauthorized()
        return _Authorized({"claims": claims_as_text(token.claims)})

    async def _check_key(self, call: _Call, authorized: _Authorized) -> str:
        """The key that counts for the call, "" where none is asked for."""
        if not call.route.method.is_key_required:
            return ""
        key = authorized.key if call.api.takes_key_of_authorizer else call.request.header("x-api-key")
        if not key or not await self._key_counts(call.api, call.stage.name, key):
            raise Refused(ResponseType.INVALID_API_KEY, "Forbidden", "ForbiddenException")
        return key

    def _tell(
        self,
        api: RestApi,
        stage: Stage,
        answer: HttpAnswer,
        function: FunctionArn | None = None,
        result: InvocationResult | None = None,
    ) -> None:
        self._ports.served(
            ServedCall(
                account=api.account,
                region=api.region,
                route=ApiRoute("ApiName", api.name, stage.name),
                status=answer.status,
                function=function,
                result=result,
            )
        )


def refusal(
    refused: Refused, api: RestApi, stage: Stage, request: ApiRequest, route: RestRoute | None = None
) -> HttpAnswer:
    """In the API's own words."""
    context = {
        "requestId": request.request_id,
        "extendedRequestId": request.request_id,
        "httpMethod": request.method,
        "path": f"/{stage.name}{request.path}",
        "resourcePath": route.resource.path if route else "",
        "stage": stage.name,
        "apiId": api.api_id,
        "identity.sourceIp": LOOPBACK,
    }
    return gateway_response(
        refused,
        api.gateway_responses,
        request,
        context=context,
        path_parameters=route.path_parameters if route else {},
        stage_variables=stage.variables,
    )


def user_pool_issuer(arn: str) -> str:
    """Who issues the tokens of a user pool: `arn:aws:cognito-idp:{region}:{account}:userpool/{id}`; "" for another."""
    parts = arn.split(":")
    is_pool = len(parts) == 6 and parts[2] == "cognito-idp" and parts[5].startswith("userpool/")
    return f"https://cognito-idp.{parts[3]}.amazonaws.com/{parts[5].removeprefix('userpool/')}" if is_pool else ""


async def _by_iam(call: _Call, function: FunctionArn) -> _Authorized:
    if call.iam is None:
        raise _unsigned(call.request)
    context = await call.iam(function)
    is_meant = (context.get("resourceId"), context.get("httpMethod")) == (
        call.route.resource.identifier,
        call.request.method,
    )
    if not is_meant:  # the emulator has read the path in another way than the route was found by
        raise missing_token()
    return _Authorized(identity=context.get("identity"))


def _unsigned(request: ApiRequest) -> Refused:
    header = request.header("authorization")
    if not header:
        return missing_token()
    words = f"{header!r} not a valid key=value pair (missing equal-sign) in Authorization header: {header!r}."
    return Refused(ResponseType.DEFAULT_4XX, words, "IncompleteSignatureException")


def _authorizer(call: _Call) -> Authorizer:
    found = call.api.authorizers.get(call.route.method.authorizer_id)
    if found is None:
        raise authorizer_is_broken()
    return found


def _check_resource_policy(call: _Call) -> None:
    """Whoever is no IAM principal is anonymous to the API's policy."""
    policy = resource_policy(call.api.policy, call.arn)
    if policy is None:
        return
    decision = decide(policy, call.arn, source_ip=LOOPBACK, is_resource_policy=True)
    if decision is Decision.ALLOWED:
        return
    shown = call.arn.replace(f":{call.api.account}:", f":********{call.api.account[-4:]}:", 1)
    words = f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {unquote(shown)}"
    if decision is Decision.EXPLICIT_DENY:
        words = f"{words} with an explicit deny"
    raise Refused(ResponseType.ACCESS_DENIED, words, "AccessDeniedException")
