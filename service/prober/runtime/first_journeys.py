"""A custom resource: each new version of the prober, and each change of what it may do, travels once before it counts.

Every canary lives on the prober's traffic, and no gate looks at the prober itself. So a broken one has to fail its own
stack: its alias, which the schedule invokes, depends on this, and CloudFormation puts back what was there. In a first
release, which has neither canary nor hooks, this is also what stops a service that does not work at all.

It must answer CloudFormation whatever happens, or the stack waits for long; and it must not stand in the way back: a
stack that is being rolled back gets what it asks for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import urllib3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from service.cars import aws
from service.cars.settings import ServiceName, Setting, read
from service.prober.runtime.shift import AS_WHILE_ALL_SHIFT

ATTEMPTS = 6
SECONDS_BETWEEN_ATTEMPTS = 10
"""A new role takes a while to be known everywhere ("Changes that I make are not always immediately visible", IAM)."""

SECONDS_FOR_A_CHANGED_POLICY = 30
"""For the same reason a permission that was taken away may still be there: the journeys are made once more."""

SHARE_THAT_MAY_FAIL = 0.04
"""Of an update's journeys: less than any one kind of request is of them (a PUT is a twenty-first), so that a prober
that may not make one of them fails. An API that fails now and then is what other gates are for, and must not keep the
prober, or the stage's way back, from being deployed."""

MILLISECONDS_OF_AN_ATTEMPT = 75_000
"""The prober's own time, the pause before, and what it takes to answer: with less left, none is begun."""

LONGEST_REASON = 3000
"""CloudFormation takes 4096 bytes in all ("Custom resource response objects")."""

PHYSICAL_ID = "first-journeys"

logger = Logger(service=ServiceName.PROBER)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """`event` is CloudFormation's custom resource request: {"RequestType", "ResponseURL", "StackId", …}.

    Its properties are {"ProberVersion": the version's ARN, "Permissions": the policy of the prober's role}.
    """
    failure: str | None = "The function ended before it knew; its log says why."
    try:
        failure = _failure(event, context)
    finally:
        _answer(event, failure)


def _failure(event: Mapping[str, Any], context: LambdaContext) -> str | None:
    """Why the prober is not to be deployed; None when it is."""
    if event["RequestType"] == "Delete" or _is_rolled_back(event["StackId"]):
        return None
    properties, old = event["ResourceProperties"], event.get("OldResourceProperties", {})
    version_arn = str(properties["ProberVersion"])
    share_that_may_fail = 0.0 if event["RequestType"] == "Create" else SHARE_THAT_MAY_FAIL
    failure = _failure_of_attempts(version_arn, share_that_may_fail, context)
    if failure is None and old and old.get("Permissions") != properties["Permissions"]:
        time.sleep(SECONDS_FOR_A_CHANGED_POLICY)
        failure = _failure_of_attempts(version_arn, share_that_may_fail, context)
    return failure


def _is_rolled_back(stack_id: str) -> bool:
    """Is CloudFormation on its way back? Its request says nothing of it; the stack's status does.

    Taken for none where the stack cannot be read: the journeys then decide.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
        try:
            (stack,) = aws.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
        except ClientError as error:  # its own policy is a new one, or CloudFormation is busy
            logger.warning("the stack could not be read", attempt=attempt, error=str(error))
            continue
        return "ROLLBACK" in stack["StackStatus"]
    return False


def _failure_of_attempts(version_arn: str, share_that_may_fail: float, context: LambdaContext) -> str | None:
    """None when journeys have succeeded; else what the last attempt told."""
    told = "there was no time for any"
    for attempt in range(ATTEMPTS):
        if context.get_remaining_time_in_millis() < MILLISECONDS_OF_AN_ATTEMPT:
            break
        if attempt:
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
        try:
            payload = json.dumps(AS_WHILE_ALL_SHIFT).encode()
            answer = aws.client("lambda").invoke(FunctionName=version_arn, Payload=payload)
        except ClientError as error:  # its own policy, too, is a new one
            told = str(error)
            logger.warning("the prober could not be invoked", attempt=attempt, error=told)
            continue
        tally: dict[str, Any] = json.loads(answer["Payload"].read() or "{}")
        logger.info("travelled", attempt=attempt, tally=tally)
        if not answer.get("FunctionError") and _is_good(tally, share_that_may_fail):
            return None
        told = json.dumps(tally)
    return f"The prober's first journeys failed: {told}"


def _is_good(tally: Mapping[str, Any], share_that_may_fail: float) -> bool:
    """As much traffic as the canaries were promised, and nearly all of it taken (the tally is journey.py's)."""
    promised = {"requests": Setting.REQUESTS_PER_MINUTE, "events": Setting.EVENTS_PER_MINUTE}
    return all(
        tally.get(sent, 0) >= int(read(setting))
        and tally.get(f"failed_{sent}", 0) <= share_that_may_fail * tally.get(sent, 0)
        for sent, setting in promised.items()
    )


def _answer(event: Mapping[str, Any], failure: str | None) -> None:
    """PUTs the response object to where CloudFormation asks for it ("Custom resource response objects")."""
    body = {
        "Status": "SUCCESS" if failure is None else "FAILED",
        "Reason": (failure or "")[:LONGEST_REASON],
        "PhysicalResourceId": PHYSICAL_ID,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    answer = urllib3.request(
        "PUT", event["ResponseURL"], body=json.dumps(body).encode(), headers={"Content-Type": ""}, timeout=10
    )
    if answer.status >= 300:
        raise RuntimeError(f"CloudFormation took the answer with status {answer.status}: {answer.data!r}")
