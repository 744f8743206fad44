"""Before a new version gets any traffic: every route of the API, exercised on exactly that version.

It refuses what never works. What works now and then is for the canary to judge, with numbers that a few calls cannot
give; here, one throttled write must not stop a release. The car it makes is its own, told by its prefix, and deleted
again. It must not call the alias, nor the public URL: both still mean the old version.
"""

from __future__ import annotations

import contextlib
import functools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from service.cars.settings import ServiceName, Setting, read
from service.release.runtime.callback import ReleaseRefused, verdict
from service.release.runtime.proxy_event import proxy_event

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

logger = Logger(service=ServiceName.RELEASE)
tracer = Tracer(service=ServiceName.RELEASE)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, and what must come back: the status, and these fields of the body."""

    method: str
    resource: str
    status: int
    body: object = None
    answers: tuple[tuple[str, object], ...] = ()


ATTEMPTS = 8
SECONDS_BETWEEN_ATTEMPTS = 0.25
READ_TIMEOUT_SECONDS = 30
TIME_FOR_THE_VERDICT_MILLISECONDS = 90_000
"""One more call, the last DELETE and the report: with less time left, no call is begun. A hook that Lambda ends says
nothing, and CodeDeploy waits an hour for it."""

CARS = "/cars"
CAR = "/cars/{car_id}"
DETAILS: dict[str, object] = {"model": "Release", "year": 2024, "latitude": 52.5, "longitude": 13.4}


def story(car_id: str) -> Sequence[Call]:
    """A car's life, with every route of the API and the refusals that callers rely on."""
    return (
        Call(method="GET", resource=CAR, status=404),
        Call(
            method="POST",
            resource=CARS,
            body={"car_id": car_id, **DETAILS},
            status=201,
            answers=(("car_id", car_id), ("model", "Release"), ("status", "Available"), ("latitude", 52.5)),
        ),
        Call(method="POST", resource=CARS, body={"car_id": car_id, **DETAILS}, status=409),
        Call(method="POST", resource=CARS, body={"car_id": car_id, **DETAILS, "wings": 2}, status=422),
        Call(method="GET", resource=CAR, status=200, answers=(("car_id", car_id), ("year", 2024))),
        Call(method="GET", resource=CARS, status=200),
        Call(
            method="PUT",
            resource=CAR,
            body={**DETAILS, "status": "InCourse"},
            status=200,
            answers=(("status", "InCourse"), ("year", 2024)),
        ),
        Call(method="PATCH", resource=CAR, body={"year": 2025}, status=200, answers=(("year", 2025),)),
        Call(
            method="GET",
            resource=CAR,
            status=200,
            answers=(("year", 2025), ("status", "InCourse"), ("longitude", 13.4)),
        ),
        Call(method="DELETE", resource=CAR, status=204),
        Call(method="GET", resource=CAR, status=404),
    )


@functools.cache
def lambda_client() -> LambdaClient:
    """It does not try again by itself: how often a call is tried is said here, and logged."""
    return boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}, read_timeout=READ_TIMEOUT_SECONDS))


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """`event` is CodeDeploy's {"DeploymentId", "LifecycleEventHookExecutionId"}."""
    with verdict(event):
        car_id = f"release-{uuid4()}"
        try:
            for call in story(car_id):
                _exercise_until_good(call, car_id, context)
        except ReleaseRefused:
            with contextlib.suppress(ClientError, HTTPClientError):  # else the reason for the refusal would be lost
                _invoke(Call(method="DELETE", resource=CAR, status=204), car_id)
            raise


def _exercise_until_good(call: Call, car_id: str, context: LambdaContext) -> None:
    """Raises ReleaseRefused when no attempt went well, or the time is over."""
    for attempt in range(1, ATTEMPTS):
        _require_time(call, context)
        try:
            return _exercise(call, car_id)
        except ReleaseRefused as refused:
            logger.warning("a call went wrong", attempt=attempt, reason=str(refused))
            time.sleep(SECONDS_BETWEEN_ATTEMPTS)
    _require_time(call, context)
    return _exercise(call, car_id)


def _require_time(call: Call, context: LambdaContext) -> None:
    if context.get_remaining_time_in_millis() < TIME_FOR_THE_VERDICT_MILLISECONDS:
        raise ReleaseRefused(f"The new version is too slow: no time is left for {call.method} {call.resource}.")


def _exercise(call: Call, car_id: str) -> None:
    """Raises ReleaseRefused when the version cannot be invoked, crashes, or answers otherwise than it must."""
    what = f"{call.method} {call.resource}"
    try:
        answer = _invoke(call, car_id)
    except (ClientError, HTTPClientError) as error:
        raise ReleaseRefused(f"{what}: the new version could not be invoked: {error}") from error
    if "errorMessage" in answer:
        raise ReleaseRefused(f"{what} on the new version: {answer.get('errorType')}: {answer['errorMessage']}")
    if answer.get("statusCode") != call.status:
        raise ReleaseRefused(
            f"{what} on the new version answered {answer.get('statusCode')}, not {call.status}: {answer.get('body')}"
        )
    body = json.loads(answer["body"]) if call.answers else {}
    for field, expected in call.answers:
        if body.get(field) != expected:
            raise ReleaseRefused(f"{what} on the new version answered {field} {body.get(field)!r}, not {expected!r}")


def _invoke(call: Call, car_id: str) -> dict[str, Any]:
    """The version's answer; {"errorType", "errorMessage"} when it crashed."""
    parameters = {"car_id": car_id} if call.resource == CAR else None
    event = proxy_event(call.method, call.resource, path_parameters=parameters, body=call.body)
    answer = lambda_client().invoke(FunctionName=read(Setting.VERSION_ARN), Payload=json.dumps(event))
    payload: dict[str, Any] = json.loads(answer["Payload"].read() or "{}")
    if answer.get("FunctionError"):
        return {"errorType": answer["FunctionError"], "errorMessage": "no message", **payload}
    return payload
