"""The function behind the REST API of the cars.

An answer of 5xx is never returned but raised: a returned one is no Lambda error, so the canary would not see it
(aws-lambda "Errors" metric). API Gateway answers 502 in its place. Lambda itself traces each call: what more the X-Ray
SDK would tell costs an eighth of one (docs/performance.md). Each call is counted by its route, too: an error of one
route alone is for the canary's last hook (service/cars/route_faults.py).
"""

from __future__ import annotations

from service.cars import cold_start

# isort: split
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.api.runtime import routes  # noqa: F401 - the resolver gets to know them
from service.api.runtime.request import Request
from service.api.runtime.resolver import app, resolvable, with_single_headers
from service.api.runtime.resources import ROUTES
from service.cars import route_faults
from service.cars.settings import METRICS_NAMESPACE, ServiceName

NO_ROUTE = "none"
"""Of what API Gateway lets nobody send."""

logger = Logger(service=ServiceName.API)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=ServiceName.API)
cold_start.is_over()


class ServerErrorAnswered(RuntimeError):
    """The API was about to answer 5xx."""


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`event` and the result are API Gateway's Lambda proxy shapes (REST API, payload format 1.0)."""
    with route_faults.counted(_route_of(event), context):
        return _answer(event, context)


def _route_of(event: dict[str, Any]) -> str:
    """One of ROUTES, never a caller's own words: each value of a dimension is a metric that is paid for."""
    route = f"{event['httpMethod']} {event['resource']}"
    return route if route in ROUTES else NO_ROUTE


def _answer(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = Request.of(event)
    logger.set_correlation_id(request.correlation_id)
    metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=1)
    done: list[str] = []
    app.append_context(request=request, done=done)  # type: ignore[no-untyped-call]
    result = app.resolve(resolvable(event), context)
    status = result["statusCode"]
    metrics.add_metric(name=f"Answers{status // 100}xx", unit=MetricUnit.Count, value=1)
    for name in done:
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
    logger.info("answered", method=request.method, resource=request.resource, status=status)
    if status >= 500:
        raise ServerErrorAnswered(f"{request.method} {request.resource} was about to be answered {status}")
    return with_single_headers(result)
