"""What every poller needs of the local cloud, in one piece, so that tests can give fakes. It must not do anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3

from rehearsal.aws.lambda_host.function import InvocationResult
from rehearsal.aws.lambda_host.metrics import MetricSink
from rehearsal.machine.clock import Clock


class Functions(Protocol):
    """The Lambda host."""

    def invoke(self, function_arn: str, event: Any) -> InvocationResult: ...


class Send(Protocol):
    """`lambda_host.destination.send`."""

    def __call__(self, destination_arn: str, message: Mapping[str, Any], *, session: boto3.Session) -> None: ...


@dataclass(frozen=True)
class Surroundings:
    clock: Clock
    functions: Functions
    metrics: MetricSink
    send: Send
    wall: Callable[[], float]
