"""A custom resource: when a stage is first deployed, its prober travels once before anything relies on it.

The first release has neither canary nor hooks (CodeDeploy shifts only from an old version to a new one), so this is
what stops a first release that does not work; and the heartbeat's alarm finds data from its first minute on. Later
releases pass by: they have their gates. It must answer CloudFormation whatever happens, or the stack waits for long.
"""

from __future__ import annotations

import json
import time
from typing import Any

import urllib3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from service.cars import aws
from service.cars.settings import ServiceName, Setting, read

ATTEMPTS = 6
SECONDS_BETWEEN_ATTEMPTS = 10
"""A new role takes a while to be known everywhere ("Changes that I make are not always immediately visible", IAM)."""

PHYSICAL_ID = "first-journeys"

logger = Logger(service=ServiceName.PROBER)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """`event` is CloudFormation's custom resource request: {"RequestType", "ResponseURL", "StackId", …}."""
    failure: str | None = "The function ended before it knew; its log says why."
    try:
        failure = _first_failure() if event["RequestType"] == "Create" else None
    finally:
        _answer(event, failure)


def _first_failure() -> str | None:
    """None when journeys have succeeded; else what the last attempt told."""
    told = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
        try:
            answer = aws.client("lambda").invoke(FunctionName=read(Setting.PROBER_ARN), Payload=b"{}")
        except ClientError as error:  # its own policy, too, is a new one
            told = str(error)
            logger.warning("the prober could not be invoked", attempt=attempt, error=told)
            continue
        tally: dict[str, Any] = json.loads(answer["Payload"].read() or "{}")
        logger.info("travelled", attempt=attempt, tally=tally)
        if not answer.get("FunctionError") and tally.get("failed_requests") == 0 and tally.get("journeys", 0) > 0:
            return None
        told = json.dumps(tally)
    return f"The first journeys through the API failed: {told}"


def _answer(event: dict[str, Any], failure: str | None) -> None:
    """PUTs the response object to where CloudFormation asks for it ("Custom resource response objects")."""
    body = {
        "Status": "SUCCESS" if failure is None else "FAILED",
        "Reason": failure or "",
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
