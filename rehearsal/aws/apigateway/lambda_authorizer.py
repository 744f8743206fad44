"""Lambda authorizers: a function says whether a call may be made, and its word is kept for a while.

It must not know how functions are run. What is kept is what the function said, by the values of the identity sources;
a policy is weighed anew for each call.

Sources: "Use API Gateway Lambda authorizers", "Input to …" and "Output from an API Gateway Lambda authorizer";
"Control access to HTTP APIs with AWS Lambda authorizers" (formats, simple responses, caching).
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.aws.apigateway.authorizer import Authorizer, AuthorizerType
from rehearsal.aws.apigateway.policy import Decision, decide
from rehearsal.aws.apigateway.refusal import authorizer_failed, authorizer_is_broken, denied, unauthorized
from rehearsal.aws.apigateway.request import LOOPBACK
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult

Invoke = Callable[[FunctionArn, bytes], Awaitable[InvocationResult | None]]
_LARGEST_CACHE = 4096


@dataclass(frozen=True, kw_only=True)
class AuthorizerCall:
    """One call that asks. `place` tells the account, region, API and stage; `arn` is the method's, `event` what
    `function` gets, None where the authorizer's URI names none."""

    place: tuple[str, ...]
    function: FunctionArn | None
    identity: tuple[str, ...]
    arn: str
    event: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What an authorizer has said. `policy` is None of a simple response, where `is_authorized` counts."""

    context: Mapping[str, Any]
    policy: Mapping[str, Any] | None = None
    is_authorized: bool = False
    usage_key: str = ""


@dataclass
class LambdaAuthorizers:
    """See the module. `now` is seconds on the run's clock. Everything belongs to one event loop.

    `invoke` answers None for a function that is not there.
    """

    invoke: Invoke
    now: Callable[[], float]
    _kept: dict[tuple[object, ...], tuple[float, Verdict]] = field(default_factory=dict)

    async def authorize(self, authorizer: Authorizer, call: AuthorizerCall) -> Verdict:
        """The verdict that lets the call through; else `Refused`, as API Gateway tells it."""
        _require_identity(authorizer, call.identity)
        verdict = await self._verdict(authorizer, call)
        if verdict.policy is None:
            if not verdict.is_authorized:
                raise denied(is_explicit=True)
            return verdict
        decision = decide(verdict.policy, call.arn, source_ip=LOOPBACK)
        if decision is not Decision.ALLOWED:
            raise denied(is_explicit=decision is Decision.EXPLICIT_DENY)
        return verdict

    async def _verdict(self, authorizer: Authorizer, call: AuthorizerCall) -> Verdict:
        key = (*call.place, authorizer.identifier, call.identity)
        is_kept = authorizer.ttl_seconds > 0 and bool(call.identity)
        if is_kept and key in self._kept and self._kept[key][0] > self.now():
            return self._kept[key][1]
        result = await self.invoke(call.function, json.dumps(call.event).encode()) if call.function else None
        if result is None:
            raise authorizer_is_broken()
        if result.function_error is not None:
            raise _failure(authorizer, result)
        verdict = read_verdict(authorizer, result.payload)
        if is_kept:
            if len(self._kept) >= _LARGEST_CACHE:
                self._kept.clear()
            self._kept[key] = (self.now() + authorizer.ttl_seconds, verdict)
        return verdict


def read_verdict(authorizer: Authorizer, payload: bytes) -> Verdict:
    """`Refused` AUTHORIZER_CONFIGURATION_ERROR for what is no authorizer's answer."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError) as exc:
        raise authorizer_is_broken() from exc
    context = answer.get("context") or {} if isinstance(answer, Mapping) else None
    if not isinstance(answer, Mapping) or not isinstance(context, Mapping):
        raise authorizer_is_broken()
    is_format_2 = authorizer.payload_format == "2.0"
    told = dict(context) if is_format_2 else _as_text(context)
    if is_format_2 and authorizer.is_simple:
        if not isinstance(answer.get("isAuthorized"), bool):
            raise authorizer_is_broken()
        return Verdict(told, is_authorized=answer["isAuthorized"])
    policy, principal = answer.get("policyDocument"), answer.get("principalId")
    if not isinstance(policy, Mapping) or not policy.get("Statement"):
        raise authorizer_is_broken()
    if principal not in (None, ""):
        told["principalId"] = str(principal)
    return Verdict(told, policy, usage_key=str(answer.get("usageIdentifierKey") or ""))


def token_event(token: str, arn: str) -> dict[str, str]:
    return {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}


def _require_identity(authorizer: Authorizer, identity: tuple[str, ...]) -> None:
    """What is missing, or does not look like a token, is refused without asking the function."""
    if not all(identity):
        raise unauthorized()
    if authorizer.type is AuthorizerType.TOKEN and authorizer.validation_expression:
        try:
            is_one = re.fullmatch(authorizer.validation_expression, identity[0]) is not None
        except re.error as exc:
            raise authorizer_is_broken() from exc
        if not is_one:
            raise unauthorized()


def _failure(authorizer: Authorizer, result: InvocationResult) -> Exception:
    """A function of a REST API that raises exactly `Unauthorized` means 401."""
    try:
        error = json.loads(result.payload)
    except (ValueError, RecursionError):
        error = None
    message = error.get("errorMessage") if isinstance(error, Mapping) else None
    is_meant = not authorizer.payload_format and message == "Unauthorized"
    return unauthorized() if is_meant else authorizer_failed()


def _as_text(context: Mapping[str, Any]) -> dict[str, Any]:
    """Every value as a text. `Refused` for an object or a list, which a context must not have."""
    if any(isinstance(value, Mapping | list) for value in context.values()):
        raise authorizer_is_broken()
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in context.items()
        if value is not None
    }
