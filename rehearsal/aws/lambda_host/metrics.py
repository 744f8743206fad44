"""The metrics that Lambda and API Gateway publish for an invocation.

It must not know how metrics are kept. Sources: "Using CloudWatch metrics with Lambda" (dimensions, and that a metric's
time is the invocation's start), "Amazon API Gateway dimensions and metrics".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from rehearsal.aws.lambda_host.function import FunctionArn


class MetricSink(Protocol):
    """Where metrics go: CloudWatch. `at` is in seconds since the epoch on the run's clock."""

    def put_metric(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        *,
        unit: str | None = None,
        at: float | None = None,
    ) -> None: ...

    def put_emf(self, account: str, region: str, line: str) -> object: ...


@dataclass(frozen=True)
class ApiRoute:
    """An API as its metrics name it: `dimension` is ApiName for a REST API, ApiId for an HTTP API."""

    dimension: str
    name: str
    stage: str

    @property
    def error_metrics(self) -> tuple[str, str]:
        """The names of the client-error and the server-error metric."""
        return ("4XXError", "5XXError") if self.dimension == "ApiName" else ("4xx", "5xx")


class InvocationMetrics:
    """Publishes what one invocation means to `AWS/Lambda` and one request to `AWS/ApiGateway`."""

    def __init__(self, sink: MetricSink) -> None:
        self._sink = sink

    def record_invocation(
        self,
        function: FunctionArn,
        executed_version: str,
        *,
        is_error: bool,
        duration_ms: float,
        concurrent: int,
        at: float,
    ) -> None:
        """`function` is qualified as it was invoked: not at all, with a version, or with an alias."""
        for dimensions in dimension_sets(function, executed_version):
            for name, value, unit in (
                ("Invocations", 1.0, "Count"),
                ("Errors", float(is_error), "Count"),
                ("Throttles", 0.0, "Count"),
                ("Duration", duration_ms, "Milliseconds"),
                ("ConcurrentExecutions", float(concurrent), "Count"),
            ):
                self._sink.put_metric(
                    function.account, function.region, "AWS/Lambda", name, dimensions, value, unit=unit, at=at
                )

    def record_asynchronous(
        self, function: FunctionArn, name: str, *, at: float, value: float = 1.0, unit: str = "Count"
    ) -> None:
        """A metric of the queue of asynchronous events, which knows the qualifier and not the executed version."""
        for dimensions in dimension_sets(function, ""):
            if "ExecutedVersion" not in dimensions:
                self._sink.put_metric(
                    function.account, function.region, "AWS/Lambda", name, dimensions, value, unit=unit, at=at
                )

    def record_api_request(
        self,
        account: str,
        region: str,
        route: ApiRoute,
        *,
        status: int,
        latency_ms: float,
        at: float,
        is_integrated: bool = True,
    ) -> None:
        """`is_integrated` is false of a call that API Gateway answered itself: it has no IntegrationLatency."""
        client_error, server_error = route.error_metrics
        integration = (("IntegrationLatency", latency_ms, "Milliseconds"),) if is_integrated else ()
        for dimensions in ({route.dimension: route.name}, {route.dimension: route.name, "Stage": route.stage}):
            for name, value, unit in (
                ("Count", 1.0, "Count"),
                (client_error, float(400 <= status < 500), "Count"),
                (server_error, float(status >= 500), "Count"),
                ("Latency", latency_ms, "Milliseconds"),
                *integration,
            ):
                self._sink.put_metric(account, region, "AWS/ApiGateway", name, dimensions, value, unit=unit, at=at)


def dimension_sets(function: FunctionArn, executed_version: str) -> Iterator[dict[str, str]]:
    """The dimension sets under which Lambda publishes an invocation's metrics.

    By function; by function and resource when it was invoked by a qualifier; and by executed version too when the
    qualifier is an alias. `Resource` is "name:qualifier", not an ARN.
    """
    yield {"FunctionName": function.name}
    if function.qualifier is None or function.qualifier == "$LATEST":
        return
    resource = f"{function.name}:{function.qualifier}"
    yield {"FunctionName": function.name, "Resource": resource}
    if not function.qualifier.isdigit():
        yield {"FunctionName": function.name, "Resource": resource, "ExecutedVersion": executed_version}
