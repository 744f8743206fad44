"""What an API needs of its surroundings: functions, IAM, the keys of user pools, a clock, and whoever counts.

It must not know how any of it is done.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.apigateway.refusal import HttpAnswer, misconfigured, timed_out
from rehearsal.aws.lambda_host.api_gateway import ServedCall
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult

# Who signed the call and may make it, as `requestContext` of the emulator's event has it. `Refused` where he may not,
# `Answered`, or `ForTheEmulator` where it cannot be asked without the function being run.
Iam = Callable[[FunctionArn], Awaitable[Mapping[str, Any]]]
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


class ForTheEmulator(Exception):
    """The call is the emulator's to answer: it runs the function itself."""


class Answered(Exception):
    """Asked whether the call may be made, the emulator has answered it for another reason, a stage's throttling say."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


@dataclass(frozen=True, kw_only=True)
class Ports:
    """`invoke` answers None for a function that is not there; `keys` are an issuer's, None where it is not one of here.

    `now` is seconds on the run's clock; `wall` those of the wall, which tokens are written by.
    """

    invoke: Callable[[FunctionArn, bytes], Awaitable[InvocationResult | None]]
    keys: Callable[[str], Awaitable[Sequence[Mapping[str, Any]] | None]]
    served: Callable[[ServedCall], None]
    now: Callable[[], float]
    wall: Callable[[], float]


async def invoke_in_time(ports: Ports, function: FunctionArn, event: bytes, timeout_seconds: float) -> InvocationResult:
    """`Refused` where the function is not there, or has taken longer than the integration waits.

    The function's own time counts, and not how long this machine took to make it ready: so it is looked at afterwards.
    """
    result = await ports.invoke(function, event)
    if result is None:
        raise misconfigured()
    if result.duration_ms > timeout_seconds * 1000:
        raise timed_out()
    return result


def function_of(uri: str, stage_variables: Mapping[str, str]) -> FunctionArn | None:
    """The function that an integration's or an authorizer's URI names; None where it names none by its ARN."""
    filled = _STAGE_VARIABLE.sub(lambda found: stage_variables.get(found.group(1), ""), uri)
    arn = filled.partition("/functions/")[2].partition("/invocations")[0] or filled
    try:
        return FunctionArn.parse(arn)
    except ValueError:
        return None
