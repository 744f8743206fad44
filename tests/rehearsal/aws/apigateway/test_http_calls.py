"""What lies between an HTTP API's route and its function, with the surroundings played; test_apis.py has the rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from rehearsal.aws.apigateway.authorizer import Authorizer, AuthorizerType
from rehearsal.aws.apigateway.http_api import Cors, HttpApi, Route
from rehearsal.aws.apigateway.http_calls import HttpCalls
from rehearsal.aws.apigateway.lambda_authorizer import LambdaAuthorizers
from rehearsal.aws.apigateway.ports import Iam, Ports
from rehearsal.aws.apigateway.refusal import HttpAnswer
from rehearsal.aws.apigateway.request import ApiRequest
from rehearsal.aws.lambda_host.api_gateway import ServedCall
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from tests.rehearsal.aws.apigateway.test_jwt import CLAIMS, ISSUER, KEYS, NOW, token

ROUTE = Route(key="GET /cars", integration_type="AWS_PROXY", uri="arn:aws:lambda:r:1:function:cars")
JWT = Authorizer(
    identifier="a",
    type=AuthorizerType.JWT,
    identity_sources=("$request.header.Authorization",),
    issuer=ISSUER,
    audience=("app",),
)
GET = ApiRequest(method="GET", path="/cars", headers=(("Origin", "https://a.example"),))


@dataclass
class World:
    events: list[Any] = field(default_factory=list)
    served: list[ServedCall] = field(default_factory=list)
    is_there: bool = True

    async def invoke(self, function: FunctionArn, event: bytes) -> InvocationResult | None:
        self.events.append(json.loads(event))
        answer = {"statusCode": 200, "body": "ok", "headers": {"Access-Control-Allow-Origin": "own"}}
        return InvocationResult(version="1", payload=json.dumps(answer).encode()) if self.is_there else None

    async def keys(self, issuer: str) -> list[dict[str, str]] | None:
        return KEYS if issuer == ISSUER else None


def call(
    world: World,
    route: Route,
    request: ApiRequest = GET,
    *,
    iam: Iam | None = None,
    cors: Cors | None = None,
    **api: Any,
) -> HttpAnswer | None:
    ports = Ports(invoke=world.invoke, keys=world.keys, served=world.served.append, now=lambda: 0.0, wall=lambda: NOW)
    of = HttpApi(api_id="abc", account="1", region="r", routes=(route,), stages={"$default": {}}, cors=cors, **api)
    return asyncio.run(
        HttpCalls(ports, LambdaAuthorizers(world.invoke, ports.now)).answer(of, "$default", request, iam)
    )


def outcome(answer: HttpAnswer | None) -> tuple[int, str]:
    assert answer is not None
    return answer.status, answer.body.decode()


def with_token(text: str) -> ApiRequest:
    return replace(GET, headers=(("Authorization", f"Bearer {text}"),))


def test_claims_and_scopes_of_a_token_go_on() -> None:
    world = World()
    route = replace(ROUTE, authorization_type="JWT", authorizer_id="a", scopes=("cars/read", "cars/write"))
    request = with_token(token({**CLAIMS, "scope": "cars/read openid"}))

    answer = call(world, route, request, authorizers={"a": JWT})

    assert outcome(answer) == (200, "ok")
    told = world.events[0]["requestContext"]["authorizer"]["jwt"]
    assert (told["claims"]["aud"], told["scopes"]) == ("app", ["cars/read", "openid"])


@pytest.mark.parametrize(
    ("authorizer", "text", "scopes", "expected"),
    [
        (JWT, token({**CLAIMS, "scope": "other"}), ("cars/read",), (403, '{"message": "Forbidden"}')),
        (JWT, token({**CLAIMS, "aud": "other"}), (), (401, '{"message": "Unauthorized"}')),
        (replace(JWT, issuer="https://idp.example"), token({**CLAIMS, "iss": "https://idp.example"}), (),
         (401, '{"message": "Unauthorized"}')),
        (None, token(CLAIMS), (), (500, '{"message": "Internal Server Error"}')),
    ],
)  # fmt: skip
def test_a_token_that_does_not_count_lets_nobody_through(
    authorizer: Authorizer | None, text: str, scopes: tuple[str, ...], expected: tuple[int, str]
) -> None:
    world = World()
    route = replace(ROUTE, authorization_type="JWT", authorizer_id="a", scopes=scopes)

    answer = call(world, route, with_token(text), authorizers={"a": authorizer} if authorizer else {})

    assert (outcome(answer), world.events) == (expected, [])
    assert [served.status for served in world.served] == [expected[0]]


def test_iam_tells_who_calls_and_on_which_route() -> None:
    def allows(route_key: str) -> Iam:
        async def ask(function: FunctionArn) -> Mapping[str, Any]:
            return {"routeKey": route_key, "authorizer": {"iam": {"userArn": "arn"}}}

        return ask

    world, route = World(), replace(ROUTE, authorization_type="AWS_IAM")

    assert outcome(call(world, route, iam=allows("GET /cars")))[0] == 200
    assert world.events[0]["requestContext"]["authorizer"] == {"iam": {"userArn": "arn"}}
    assert outcome(call(world, route, iam=allows("GET /open")))[0] == 403
    assert outcome(call(world, route))[0] == 403


def test_format_1_has_an_authorizers_words_without_a_name() -> None:
    world = World()
    route = replace(ROUTE, authorization_type="JWT", authorizer_id="a", payload_format="1.0")

    call(world, route, with_token(token(CLAIMS)), authorizers={"a": JWT})

    assert world.events[0]["version"] == "1.0"
    assert world.events[0]["requestContext"]["authorizer"]["claims"]["aud"] == "app"


def test_the_apis_own_cors_replaces_the_functions() -> None:
    cors = Cors(("https://a.example",), ("GET",))

    own, plain = call(World(), ROUTE, cors=cors), call(World(), ROUTE)
    preflight = call(World(), ROUTE, replace(GET, method="OPTIONS"), cors=cors)

    assert own is not None
    assert plain is not None
    assert preflight is not None
    assert [value for name, value in own.headers if name.lower().startswith("access-")] == ["https://a.example"]
    assert ("Access-Control-Allow-Origin", "own") in plain.headers
    assert (preflight.status, dict(preflight.headers)["access-control-allow-methods"]) == (204, "GET")


def test_no_route_no_function_and_another_integration() -> None:
    assert outcome(call(World(), ROUTE, replace(GET, path="/nowhere")))[0] == 404
    assert outcome(call(World(is_there=False), ROUTE)) == (500, '{"message": "Internal Server Error"}')
    assert call(World(), replace(ROUTE, integration_type="HTTP_PROXY")) is None
