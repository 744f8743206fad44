from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from rehearsal.aws.apigateway.authorizer import Authorizer, AuthorizerType
from rehearsal.aws.apigateway.lambda_authorizer import AuthorizerCall, LambdaAuthorizers, Verdict
from rehearsal.aws.apigateway.refusal import Refused, ResponseType
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult, failure

ARN = "arn:aws:execute-api:r:1:abc/prod/GET/cars"
FUNCTION = FunctionArn("1", "r", "authorizer")
TOKEN = Authorizer(identifier="a", type=AuthorizerType.TOKEN, ttl_seconds=300)
REQUEST = Authorizer(identifier="a", type=AuthorizerType.REQUEST, ttl_seconds=0)
FORMAT_2 = Authorizer(identifier="a", type=AuthorizerType.REQUEST, payload_format="2.0")
SIMPLE = Authorizer(identifier="a", type=AuthorizerType.REQUEST, payload_format="2.0", is_simple=True)


def says(effect: str = "Allow", resource: str = ARN, **more: Any) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    return {"principalId": "ada", "policyDocument": {"Statement": [statement]}, **more}


@dataclass
class World:
    """What the function answers (None: it is not there), how often it was asked, and the time."""

    answer: object = None
    error: bool = False
    asked: list[Any] = field(default_factory=list)
    time: float = 0.0

    async def invoke(self, function: FunctionArn, event: bytes) -> InvocationResult | None:
        self.asked.append((function, json.loads(event)))
        if self.answer is None:
            return None
        payload = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        return InvocationResult(version="1", payload=payload, function_error="Unhandled" if self.error else None)


def call(identity: tuple[str, ...] = ("token",), arn: str = ARN, stage: str = "prod") -> AuthorizerCall:
    return AuthorizerCall(place=("1", "r", "abc", stage), function=FUNCTION, identity=identity, arn=arn, event={"e": 1})


def ask(world: World, authorizer: Authorizer, *calls: AuthorizerCall) -> list[Verdict | Refused]:
    async def all_of_them() -> list[Verdict | Refused]:
        authorizers = LambdaAuthorizers(world.invoke, lambda: world.time)
        found: list[Verdict | Refused] = []
        for one in calls or (call(),):
            try:
                found.append(await authorizers.authorize(authorizer, one))
            except Refused as refused:
                found.append(refused)
            world.time += 100
        return found

    return asyncio.run(all_of_them())


def kind(found: Verdict | Refused) -> ResponseType | None:
    return found.response_type if isinstance(found, Refused) else None


def test_what_the_function_says_goes_on_as_texts() -> None:
    world = World(says(context={"n": 3, "t": True, "s": "x", "none": None}, usageIdentifierKey="key"))

    (verdict,) = ask(world, TOKEN)

    assert isinstance(verdict, Verdict)
    assert verdict.context == {"n": "3", "t": "true", "s": "x", "principalId": "ada"}
    assert verdict.usage_key == "key"
    assert world.asked == [(FUNCTION, {"e": 1})]


def test_format_2_hands_a_context_on_as_it_is() -> None:
    context = {"n": 3, "list": [1], "map": {"a": 1}}

    (verdict,) = ask(World({"isAuthorized": True, "context": context}), SIMPLE)

    assert isinstance(verdict, Verdict)
    assert verdict.context == context


@pytest.mark.parametrize(
    ("authorizer", "answer", "refused"),
    [
        (TOKEN, says("Deny"), ResponseType.ACCESS_DENIED),
        (TOKEN, says(resource="other"), ResponseType.ACCESS_DENIED),
        (SIMPLE, {"isAuthorized": False}, ResponseType.ACCESS_DENIED),
        (SIMPLE, {"isAuthorized": "true"}, ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
        (SIMPLE, says(), ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
        (FORMAT_2, {"isAuthorized": True}, ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
        (TOKEN, {"principalId": "ada"}, ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
        (TOKEN, "text", ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
        (TOKEN, b"no json", ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
        (TOKEN, b"[" * 100_000, ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
        (TOKEN, says(context={"o": {"a": 1}}), ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
        (TOKEN, says(context="text"), ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
        (TOKEN, None, ResponseType.AUTHORIZER_CONFIGURATION_ERROR),
    ],
)
def test_any_other_word_lets_nobody_through(authorizer: Authorizer, answer: object, refused: ResponseType) -> None:
    (found,) = ask(World(answer), authorizer)

    assert kind(found) is refused


@pytest.mark.parametrize(
    ("authorizer", "message", "refused"),
    [
        (TOKEN, "Unauthorized", ResponseType.UNAUTHORIZED),
        (TOKEN, "unauthorized", ResponseType.AUTHORIZER_FAILURE),
        (TOKEN, "Invalid token", ResponseType.AUTHORIZER_FAILURE),
        (SIMPLE, "Unauthorized", ResponseType.AUTHORIZER_FAILURE),
    ],
)
def test_a_function_that_raises_fails_but_for_one_word(
    authorizer: Authorizer, message: str, refused: ResponseType
) -> None:
    (found,) = ask(World(failure("Exception", message), error=True), authorizer)

    assert kind(found) is refused


@pytest.mark.parametrize("identity", [("",), ("a", "")])
def test_a_missing_identity_source_asks_nobody(identity: tuple[str, ...]) -> None:
    world = World(says())

    (found,) = ask(world, REQUEST, call(identity))

    assert (kind(found), world.asked) == (ResponseType.UNAUTHORIZED, [])


@pytest.mark.parametrize(
    ("expression", "refused", "times"),
    [("to.en", None, 1), ("tok", ResponseType.UNAUTHORIZED, 0), ("(", ResponseType.AUTHORIZER_CONFIGURATION_ERROR, 0)],
)
def test_a_token_has_to_look_like_one(expression: str, refused: ResponseType | None, times: int) -> None:
    world = World(says())
    authorizer = Authorizer(identifier="a", type=AuthorizerType.TOKEN, validation_expression=expression)

    (found,) = ask(world, authorizer)

    assert (kind(found), len(world.asked)) == (refused, times)


@pytest.mark.parametrize(
    ("authorizer", "calls", "times"),
    [
        (TOKEN, [call()] * 3, 1),
        (TOKEN, [call()] * 4, 2),  # a hundred seconds pass between them
        (TOKEN, [call(), call(("other",)), call(stage="dev")], 3),
        (REQUEST, [call()] * 2, 2),
        (Authorizer(identifier="a", type=AuthorizerType.REQUEST, ttl_seconds=300), [call(())] * 2, 2),
    ],
)
def test_the_functions_word_is_kept_by_identity_for_its_time(
    authorizer: Authorizer, calls: list[AuthorizerCall], times: int
) -> None:
    world = World(says())

    ask(world, authorizer, *calls)

    assert len(world.asked) == times


def test_a_policy_that_is_kept_is_weighed_for_each_call() -> None:
    first, other = ask(World(says()), TOKEN, call(), call(arn=ARN.replace("GET", "POST")))

    assert isinstance(first, Verdict)
    assert kind(other) is ResponseType.ACCESS_DENIED


def test_failures_are_not_kept() -> None:
    world = World(failure("Exception", "Unauthorized"), error=True)

    ask(world, TOKEN, call(), call())

    assert len(world.asked) == 2


def test_an_authorizer_is_read_as_each_kind_of_api_keeps_it() -> None:
    rest: Mapping[str, Any] = {"id": "a", "type": "REQUEST", "identitySource": "method.request.header.A, context.stage"}
    http: Mapping[str, Any] = {
        "authorizerId": "b",
        "authorizerType": "JWT",
        "identitySource": ["$request.header.Authorization"],
        "jwtConfiguration": {"issuer": "i", "audience": ["x"]},
    }

    assert Authorizer.of_rest_api(rest).identity_sources == ("method.request.header.A", "context.stage")
    assert Authorizer.of_rest_api({"id": "a", "type": "REQUEST", "identitySource": ""}).identity_sources == ()
    assert Authorizer.of_rest_api({"id": "a", "type": "TOKEN"}).ttl_seconds == 300
    assert Authorizer.of_rest_api({**rest, "authorizerResultTtlInSeconds": 0}).ttl_seconds == 0
    assert (Authorizer.of_http_api(http).issuer, Authorizer.of_http_api(http).audience) == ("i", ("x",))
