"""Who may make a call of a REST API, by each kind of authorization that a method may have, and by the API's policy.

It must not answer calls, nor know how a function runs.

Sources: "Control access to REST APIs" (resource policies, IAM, Lambda authorizers, Cognito user pools).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from rehearsal.aws.apigateway.authorizer import Authorizer, AuthorizerType, identity
from rehearsal.aws.apigateway.jwt import BadToken, check_token, claims_as_text, read_token
from rehearsal.aws.apigateway.lambda_authorizer import AuthorizerCall, LambdaAuthorizers, token_event
from rehearsal.aws.apigateway.policy import Decision, decide, resource_policy
from rehearsal.aws.apigateway.ports import Iam, Ports, function_of
from rehearsal.aws.apigateway.proxy_event import rest_event
from rehearsal.aws.apigateway.refusal import (
    Refused,
    ResponseType,
    authorizer_is_broken,
    missing_token,
    unauthorized,
)
from rehearsal.aws.apigateway.request import LOOPBACK, ApiRequest
from rehearsal.aws.apigateway.rest_api import RestApi, RestRoute, Stage
from rehearsal.aws.lambda_host.function import FunctionArn


@dataclass(frozen=True)
class RestCall:
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
class Authorized:
    """`authorizer` and `identity` go into the event; `key` is what an authorizer has named."""

    authorizer: Mapping[str, Any] | None = None
    identity: Mapping[str, Any] | None = None
    key: str = ""


class RestAuthorization:
    """See the module. `authorizers` keep what functions have said."""

    def __init__(self, ports: Ports, authorizers: LambdaAuthorizers) -> None:
        self._ports = ports
        self._authorizers = authorizers

    async def authorize(self, call: RestCall, function: FunctionArn) -> Authorized:
        """`Refused` where the call may not be made. `function` is the one behind the method."""
        match call.route.method.authorization_type:
            case "AWS_IAM":
                return await _by_iam(call, function)
            case "COGNITO_USER_POOLS":
                authorized = await self._by_user_pool(call)
            case "CUSTOM":
                authorized = await self._by_function(call)
            case _:
                authorized = Authorized()
        _check_resource_policy(call)
        return authorized

    async def _by_function(self, call: RestCall) -> Authorized:
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
        return Authorized(verdict.context, key=verdict.usage_key)

    async def _by_user_pool(self, call: RestCall) -> Authorized:
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
        return Authorized({"claims": claims_as_text(token.claims)})


def user_pool_issuer(arn: str) -> str:
    """Who issues the tokens of a user pool: `arn:aws:cognito-idp:{region}:{account}:userpool/{id}`; "" for another."""
    parts = arn.split(":")
    is_pool = len(parts) == 6 and parts[2] == "cognito-idp" and parts[5].startswith("userpool/")
    return f"https://cognito-idp.{parts[3]}.amazonaws.com/{parts[5].removeprefix('userpool/')}" if is_pool else ""


async def _by_iam(call: RestCall, function: FunctionArn) -> Authorized:
    if call.iam is None:
        raise unsigned(call.request)
    context = await call.iam(function)
    is_meant = (context.get("resourceId"), context.get("httpMethod")) == (
        call.route.resource.identifier,
        call.request.method,
    )
    if not is_meant:  # the emulator has read the path in another way than the route was found by
        raise missing_token()
    return Authorized(identity=context.get("identity"))


def unsigned(request: ApiRequest) -> Refused:
    """To a call of a method with IAM that nobody has signed."""
    header = request.header("authorization")
    if not header:
        return missing_token()
    words = f"{header!r} not a valid key=value pair (missing equal-sign) in Authorization header: {header!r}."
    return Refused(ResponseType.DEFAULT_4XX, words, "IncompleteSignatureException")


def _authorizer(call: RestCall) -> Authorizer:
    found = call.api.authorizers.get(call.route.method.authorizer_id)
    if found is None:
        raise authorizer_is_broken()
    return found


def _check_resource_policy(call: RestCall) -> None:
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
