"""How each route of the API fares in each version of its function: a call and whether it was a fault, in one metric.

A fault of one route alone drowns among the calls of all others, so the canary's last hook judges each by itself
(service/release/runtime/evidence_by_route.py). Of `Faults`, the statistic Sum is how many there were and SampleCount of
how many calls. It must not know which routes there are, nor count a call that did not come through an alias: those of a
hook are nobody's.

Sources: "Specification: Embedded metric format"; "CloudWatch statistics definitions"; of `invoked_function_arn`, "Using
the Lambda context object to retrieve Python function information".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars.settings import METRICS_NAMESPACE

FAULTS = "Faults"


def dimensions(function_name: str, route: str, *, version: str | None = None) -> dict[str, str]:
    """Those of `Faults` of a route ("POST /cars") in one version of the function, or in all together."""
    of_all = {"FunctionName": function_name, "Route": route}
    return of_all if version is None else {**of_all, "ExecutedVersion": version}


@contextmanager
def counted(route: str, context: LambdaContext) -> Iterator[None]:
    """Counts a call of the route, and a fault when what is done within raises; the exception goes on.

    A call that Lambda ends, for its time or its memory, tells nothing: it is among the function's own errors.
    CloudWatch takes 30 cents a month for each route of a version, and of all, in the hours in which it is called.
    """
    is_fault = True
    try:
        yield
        is_fault = False
    finally:
        if not context.invoked_function_arn.rpartition(":")[2].isdigit():
            _send(route, context, is_fault=is_fault)


def _send(route: str, context: LambdaContext, *, is_fault: bool) -> None:
    metrics = EphemeralMetrics(namespace=METRICS_NAMESPACE)
    for name, value in dimensions(context.function_name, route).items():
        metrics.add_dimension(name=name, value=value)
    metrics.add_dimensions(**dimensions(context.function_name, route, version=context.function_version))
    metrics.add_metric(name=FAULTS, unit=MetricUnit.Count, value=int(is_fault))
    metrics.flush_metrics()
