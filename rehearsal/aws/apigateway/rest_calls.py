"""A call of a REST API, from its route to its answer: authorized, its key and its shape checked, the function invoked.

In: the API as it is deployed, and the request. Out: the answer, or None where the integration is no Lambda proxy, for
that is the emulator's to answer. It must not know HTTP servers, nor how a function runs.

Source: "Set up Lambda proxy integrations in API Gateway".
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from rehearsal.aws.apigateway.gateway_response import gateway_response
from rehearsal.aws.apigateway.lambda_authorizer import LambdaAuthorizers
from rehearsal.aws.apigateway.ports import Answered, Iam, Ports, function_of, invoke_in_time
from rehearsal.aws.apigateway.proxy_answer import rest_answer
from rehearsal.aws.apigateway.proxy_event import rest_event, with_authorizer
from rehearsal.aws.apigateway.refusal import (
    HttpAnswer,
    Refused,
    ResponseType,
    missing_token,
)
from rehearsal.aws.apigateway.request import LOOPBACK, ApiRequest
from rehearsal.aws.apigateway.request_validation import validate
from rehearsal.aws.apigateway.rest_api import RestApi, RestRoute, Stage, find_route
from rehearsal.aws.apigateway.rest_authorization import Authorized, RestAuthorization, RestCall, unsigned
from rehearsal.aws.lambda_host.api_gateway import ServedCall
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from rehearsal.aws.lambda_host.metrics import ApiRoute

PROXY = "AWS_PROXY"
# Whether a key may use a stage of an API: it is enabled, and of a usage plan of that stage.
KeyCounts = Callable[[RestApi, str, str], Awaitable[bool]]


class RestCalls:
    """See the module. `authorizers` keep what functions have said."""

    def __init__(self, ports: Ports, authorizers: LambdaAuthorizers, key_counts: KeyCounts) -> None:
        self._ports = ports
        self._authorization = RestAuthorization(ports, authorizers)
        self._key_counts = key_counts

    async def answer(self, api: RestApi, stage: Stage, request: ApiRequest, iam: Iam | None) -> HttpAnswer | None:
        """`iam` asks whether the call's signer may make it; None where nobody signed it."""
        route = find_route(api, request.method, request.path)
        try:
            if route is None:
                raise missing_token()
            if request.is_too_large:
                raise Refused(ResponseType.REQUEST_TOO_LARGE, "Request Too Long", "RequestTooLargeException")
            function = function_of(route.method.uri, stage.variables)
            if route.method.integration_type != PROXY or function is None:
                if route.method.authorization_type == "AWS_IAM" and iam is None:
                    raise unsigned(request)
                validate(api, route, request)
                return None
            return await self._serve(RestCall(api, stage, request, route, iam), function)
        except Refused as refused:
            answer = refusal(refused, api, stage, request, route)
        except Answered as answered:
            answer = answered.answer
        self._tell(api, stage, answer)
        return answer

    async def _serve(self, call: RestCall, function: FunctionArn) -> HttpAnswer:
        authorized = await self._authorization.authorize(call, function)
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

    async def _check_key(self, call: RestCall, authorized: Authorized) -> str:
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
