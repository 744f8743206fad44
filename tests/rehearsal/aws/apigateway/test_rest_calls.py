"""What lies between a REST API's route and its function, with the surroundings played; test_apis.py has the rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from rehearsal.aws.apigateway.lambda_authorizer import LambdaAuthorizers
from rehearsal.aws.apigateway.ports import Answered, ForTheEmulator, Iam, Ports
from rehearsal.aws.apigateway.refusal import HttpAnswer
from rehearsal.aws.apigateway.request import ApiRequest
from rehearsal.aws.apigateway.rest_api import Method, Resource, RestApi, Stage
from rehearsal.aws.apigateway.rest_authorization import user_pool_issuer
from rehearsal.aws.apigateway.rest_calls import RestCalls
from rehearsal.aws.lambda_host.api_gateway import ServedCall
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult

FUNCTION = "arn:aws:lambda:eu-west-1:111111111111:function:cars"
METHOD = Method(http_method="ANY", integration_type="AWS_PROXY", uri=FUNCTION)
STAGE = Stage("prod", "d1", {"target": "live"})
GET = ApiRequest(method="GET", path="/")


@dataclass
class World:
    invoked: list[FunctionArn] = field(default_factory=list)
    served: list[ServedCall] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    is_there: bool = True
    duration_ms: float = 0.0

    async def invoke(self, function: FunctionArn, event: bytes) -> InvocationResult | None:
        self.invoked.append(function)
        body = json.dumps(json.loads(event)["requestContext"]["identity"])
        payload = json.dumps({"statusCode": 200, "body": body}).encode()
        return InvocationResult(version="3", payload=payload, duration_ms=self.duration_ms) if self.is_there else None

    async def no_keys(self, issuer: str) -> None:
        return None

    async def key_counts(self, api: RestApi, stage: str, key: str) -> bool:
        return key in self.keys


def api(method: Method, policy: Any = "") -> RestApi:
    return RestApi(
        api_id="abc",
        name="cars",
        account="111111111111",
        region="eu-west-1",
        resources=(Resource("r1", "/", {"ANY": method}),),
        policy=json.dumps(policy) if policy else "",
    )


def call(world: World, of: RestApi, request: ApiRequest = GET, iam: Iam | None = None) -> HttpAnswer | None:
    ports = Ports(
        invoke=world.invoke, keys=world.no_keys, served=world.served.append, now=lambda: 0.0, wall=lambda: 0.0
    )
    calls = RestCalls(ports, LambdaAuthorizers(world.invoke, ports.now), world.key_counts)
    return asyncio.run(calls.answer(of, STAGE, request, iam))


def status_and_message(answer: HttpAnswer | None) -> tuple[int, str]:
    assert answer is not None
    return answer.status, json.loads(answer.body)["message"]


def test_the_function_is_invoked_and_the_call_is_told() -> None:
    world = World()

    answer = call(world, api(replace(METHOD, uri=f"{FUNCTION}:${{stageVariables.target}}")))

    assert answer is not None
    assert answer.status == 200
    assert [str(function) for function in world.invoked] == [f"{FUNCTION}:live"]
    (served,) = world.served
    assert (served.route.name, served.route.stage, served.status) == ("cars", "prod", 200)
    assert served.function == world.invoked[0]


def test_a_refusal_is_told_too() -> None:
    world = World()

    answer = call(world, api(METHOD), ApiRequest(method="GET", path="/nowhere"))

    assert status_and_message(answer) == (403, "Missing Authentication Token")
    assert [(served.status, served.function) for served in world.served] == [(403, None)]


@pytest.mark.parametrize(
    "method",
    [
        replace(METHOD, integration_type="MOCK"),
        replace(METHOD, integration_type="AWS"),
        replace(METHOD, uri="arn:aws:apigateway:r:sqs:path/1/queue"),
    ],
)
def test_another_integration_is_the_emulators(method: Method) -> None:
    assert call(World(), api(method)) is None


def test_a_function_that_is_not_there_is_a_configuration_error() -> None:
    assert status_and_message(call(World(is_there=False), api(METHOD))) == (500, "Internal server error")


def test_an_integration_waits_for_its_time_alone() -> None:
    slow, quick = World(duration_ms=29_001), World(duration_ms=29_000)

    assert status_and_message(call(slow, api(METHOD))) == (504, "Endpoint request timed out")
    assert call(quick, api(METHOD)) is not None
    assert [served.status for served in (*slow.served, *quick.served)] == [504, 200]


def test_a_body_that_is_too_large_is_refused() -> None:
    request = ApiRequest(method="POST", path="/", is_too_large=True)

    assert status_and_message(call(World(), api(METHOD), request)) == (413, "Request Too Long")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Missing Authentication Token"),
        ("Bearer x", "'Bearer x' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer x'."),
    ],
)
@pytest.mark.parametrize("integration", ["AWS_PROXY", "MOCK"])
def test_iam_wants_a_signature(header: str | None, message: str, integration: str) -> None:
    world = World()
    request = ApiRequest(method="GET", path="/", headers=(("Authorization", header),) if header else ())

    answer = call(world, api(replace(METHOD, authorization_type="AWS_IAM", integration_type=integration)), request)

    assert (status_and_message(answer), world.invoked) == ((403, message), [])


def allows(**context: Any) -> Iam:
    async def ask(function: FunctionArn) -> Mapping[str, Any]:
        return {"resourceId": "r1", "httpMethod": "GET", "identity": {"userArn": "arn"}, **context}

    return ask


def test_iam_tells_who_calls() -> None:
    answer = call(World(), api(replace(METHOD, authorization_type="AWS_IAM")), iam=allows())

    assert answer is not None
    assert json.loads(answer.body)["userArn"] == "arn"


def test_what_iam_allows_on_another_resource_does_not_count() -> None:
    world = World()

    answer = call(world, api(replace(METHOD, authorization_type="AWS_IAM")), iam=allows(resourceId="r2"))

    assert (status_and_message(answer)[0], world.invoked) == (403, [])


def test_a_function_that_the_emulator_runs_is_left_to_it() -> None:
    async def ask(function: FunctionArn) -> Mapping[str, Any]:
        raise ForTheEmulator

    with pytest.raises(ForTheEmulator):
        call(World(), api(replace(METHOD, authorization_type="AWS_IAM")), iam=ask)


def test_what_the_emulator_answers_in_place_of_its_iam_is_the_answer() -> None:
    world = World()

    async def ask(function: FunctionArn) -> Mapping[str, Any]:
        raise Answered(HttpAnswer(429, (), b'{"message": "Too Many Requests"}'))

    answer = call(world, api(replace(METHOD, authorization_type="AWS_IAM")), iam=ask)

    assert status_and_message(answer) == (429, "Too Many Requests")
    assert [served.status for served in world.served] == [429]


def test_a_resource_policy_binds_whoever_is_nobody() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/prod/*"}
    closed = {**statement, "Effect": "Deny"}
    world = World()

    opened = call(world, api(METHOD, {"Statement": [statement]}))
    denied = status_and_message(call(world, api(METHOD, {"Statement": [statement, closed]})))
    silent = status_and_message(call(world, api(METHOD, {"Statement": []})))

    assert opened is not None
    assert (opened.status, denied[0], silent[0], len(world.invoked)) == (200, 403, 403, 1)
    assert denied[1].startswith("User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws")
    assert denied[1].endswith("with an explicit deny")


def test_a_key_has_to_count() -> None:
    world = World(keys={"good"})
    keyed = api(replace(METHOD, is_key_required=True))

    def with_key(key: str) -> int:
        answer = call(world, keyed, ApiRequest(method="GET", path="/", headers=(("X-API-Key", key),)))
        assert answer is not None
        return answer.status

    assert (with_key("good"), with_key("bad"), with_key("")) == (200, 403, 403)


@pytest.mark.parametrize("kind", ["CUSTOM", "COGNITO_USER_POOLS"])
def test_an_authorizer_that_is_not_there_lets_nobody_through(kind: str) -> None:
    world = World()

    answer = call(world, api(replace(METHOD, authorization_type=kind, authorizer_id="gone")))

    assert (status_and_message(answer), world.invoked) == ((500, "Internal server error"), [])


def test_the_issuer_of_a_user_pool_is_its_address() -> None:
    pool = "arn:aws:cognito-idp:eu-west-1:111111111111:userpool/eu-west-1_Abc"

    assert user_pool_issuer(pool) == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc"
    assert user_pool_issuer("arn:aws:iam::111111111111:role/x") == ""
