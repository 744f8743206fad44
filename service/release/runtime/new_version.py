"""Invokes exactly the new version, and again while it goes wrong: one throttled write must not stop a release.

It must not know what the version answers, nor what is asked of it: the hooks before the shift do.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from service.cars import aws
from service.cars.settings import ServiceName, Setting, read
from service.release.runtime.callback import ReleaseRefused

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ATTEMPTS = 8
SECONDS_BETWEEN_ATTEMPTS = 0.25
READ_TIMEOUT_SECONDS = 30
TIME_FOR_THE_VERDICT_MILLISECONDS = 90_000
"""One more call, the last clearing up and the report: with less time left, no call is begun. A hook that Lambda ends
says nothing, and CodeDeploy waits an hour for it."""

logger = Logger(service=ServiceName.RELEASE)


@functools.cache
def lambda_client() -> LambdaClient:
    """It does not try again by itself: how often a call is tried is said here, and logged."""
    return aws.client("lambda", config=Config(retries={"total_max_attempts": 1}, read_timeout=READ_TIMEOUT_SECONDS))


def answer_of(what: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """What the version answers to `event`. Raises ReleaseRefused when it cannot be invoked, or crashes."""
    try:
        answer = lambda_client().invoke(FunctionName=read(Setting.VERSION_ARN), Payload=json.dumps(event))
    except (ClientError, HTTPClientError) as error:
        raise ReleaseRefused(f"{what}: the new version could not be invoked: {error}") from error
    payload: Any = json.loads(answer["Payload"].read() or "{}")
    if answer.get("FunctionError"):
        error_type = payload.get("errorType", answer["FunctionError"])
        raise ReleaseRefused(f"{what} on the new version: {error_type}: {payload.get('errorMessage', 'no message')}")
    return dict(payload or {})


def until_good(what: str, attempt: Callable[[], None], context: LambdaContext) -> None:
    """Makes the attempt until it raises no ReleaseRefused; raises the last one, or when the time is over."""
    for number in range(1, ATTEMPTS):
        _require_time(what, context)
        try:
            return attempt()
        except ReleaseRefused as refused:
            logger.warning("a call went wrong", attempt=number, reason=str(refused))
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
    _require_time(what, context)
    return attempt()


def _require_time(what: str, context: LambdaContext) -> None:
    if context.get_remaining_time_in_millis() < TIME_FOR_THE_VERDICT_MILLISECONDS:
        raise ReleaseRefused(f"The new version is too slow: no time is left for {what}.")
