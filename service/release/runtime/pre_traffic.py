"""Before a new version gets any traffic: every route of the API, exercised on exactly that version.

It refuses what never works. What works now and then is for the canary to judge, with numbers that a few calls cannot
give. The car it makes is its own, told by its prefix, and deleted
again. It must not call the alias, nor the public URL: both still mean the old version.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars.car import RELEASE_PREFIX
from service.cars.settings import ServiceName
from service.release.runtime import new_version
from service.release.runtime.callback import ReleaseRefused, give_verdict
from service.release.runtime.proxy_event import proxy_event

logger = Logger(service=ServiceName.RELEASE)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, and what must come back: the status, and these fields of the body.

    A `headers` value of CURRENT_TAG stands for the ETag that the car has just then.
    """

    method: str
    resource: str
    status: int
    body: object = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    answers: tuple[tuple[str, object], ...] = ()

    @property
    def what(self) -> str:
        return f"{self.method} {self.resource}"


CARS = "/cars"
CAR = "/cars/{car_id}"
NOTIFICATIONS = "/cars/{car_id}/notifications"
DOCUMENT = "/openapi.json"
CURRENT_TAG = "(the car's ETag)"
DETAILS: dict[str, object] = {"model": "Release", "year": 2024, "latitude": 52.5, "longitude": 13.4}


def story(car_id: str) -> Sequence[Call]:
    """A car's life, with every route of the API and the refusals that callers rely on."""
    new = {"car_id": car_id, **DETAILS}
    once = {"Idempotency-Key": car_id}
    in_course = {**DETAILS, "status": "InCourse"}
    return (
        Call(method="GET", resource=CAR, status=404),
        Call(
            method="POST",
            resource=CARS,
            headers=once,
            body=new,
            status=201,
            answers=(("car_id", car_id), ("model", "Release"), ("status", "Available"), ("latitude", 52.5)),
        ),
        Call(method="POST", resource=CARS, headers=once, body=new, status=201, answers=(("car_id", car_id),)),
        Call(method="POST", resource=CARS, body=new, status=409),
        Call(method="POST", resource=CARS, body={**new, "wings": 2}, status=422),
        Call(method="GET", resource=CAR, status=200, answers=(("car_id", car_id), ("year", 2024))),
        Call(method="GET", resource=CAR, headers={"If-None-Match": CURRENT_TAG}, status=304),
        Call(method="GET", resource=CARS, status=200),
        Call(method="GET", resource=CARS, query={"status": "Available", "limit": "1"}, status=200),
        Call(method="GET", resource=CARS, query={"status": "Flying"}, status=422),
        Call(method="PUT", resource=CAR, body=in_course, status=428),
        Call(method="PUT", resource=CAR, headers={"If-Match": '"1.0"'}, body=in_course, status=412),
        Call(
            method="PUT",
            resource=CAR,
            headers={"If-Match": CURRENT_TAG},
            body=in_course,
            status=200,
            answers=(("status", "InCourse"), ("year", 2024)),
        ),
        Call(method="PATCH", resource=CAR, body={"year": 2025}, status=200, answers=(("year", 2025),)),
        Call(method="PATCH", resource=CAR, body={"year": None}, status=422),
        Call(
            method="GET",
            resource=CAR,
            status=200,
            answers=(("year", 2025), ("status", "InCourse"), ("longitude", 13.4)),
        ),
        Call(method="GET", resource=NOTIFICATIONS, status=200),
        Call(method="GET", resource=DOCUMENT, status=200, answers=(("openapi", "3.1.0"),)),
        Call(method="DELETE", resource=CAR, status=204),
        Call(method="GET", resource=CAR, status=404),
    )


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """`event` is CodeDeploy's {"DeploymentId", "LifecycleEventHookExecutionId"}."""
    give_verdict(event, lambda _: _go_through_a_life(context))


def _go_through_a_life(context: LambdaContext) -> None:
    car_id = f"{RELEASE_PREFIX}{uuid4()}"
    try:
        for call in story(car_id):
            new_version.until_good(call.what, functools.partial(_exercise, call, car_id), context)
    except ReleaseRefused:
        with contextlib.suppress(ReleaseRefused):  # else the reason for the refusal would be lost
            _exercise(Call(method="DELETE", resource=CAR, status=204), car_id)
        raise


def _exercise(call: Call, car_id: str) -> None:
    """Raises ReleaseRefused when the version cannot be invoked, crashes, or answers otherwise than it must."""
    headers = {name: _tag(car_id) if value == CURRENT_TAG else value for name, value in call.headers.items()}
    answer = new_version.answer_of(call.what, _event(call, car_id, headers))
    if answer.get("statusCode") != call.status:
        raise ReleaseRefused(
            f"{call.what} on the new version answered {answer.get('statusCode')}, not {call.status}: "
            f"{answer.get('body')}"
        )
    body = json.loads(answer["body"]) if call.answers else {}
    for name, expected in call.answers:
        if body.get(name) != expected:
            raise ReleaseRefused(f"{call.what} on the new version answered {name} {body.get(name)!r}, not {expected!r}")


def _tag(car_id: str) -> str:
    """The car's ETag now: asked for each time, for an earlier attempt may have changed the car without our knowing."""
    call = Call(method="GET", resource=CAR, status=200)
    headers = new_version.answer_of(call.what, _event(call, car_id, {})).get("headers", {})
    if "ETag" not in headers:
        raise ReleaseRefused(f"{call.what} on the new version answered no ETag")
    return str(headers["ETag"])


def _event(call: Call, car_id: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return proxy_event(
        call.method,
        call.resource,
        path_parameters={"car_id": car_id} if "{car_id}" in call.resource else None,
        query=call.query,
        headers=headers,
        body=call.body,
    )
