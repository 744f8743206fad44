"""The function behind the REST API of the cars.

An answer of 5xx is never returned but raised: a returned one is no Lambda error, so the canary would not see it
(aws-lambda "Errors" metric). API Gateway answers 502 in its place.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.api.runtime import problems, routes
from service.cars.settings import METRICS_NAMESPACE, ServiceName

logger = Logger(service=ServiceName.API)
tracer = Tracer(service=ServiceName.API)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=ServiceName.API)
app = APIGatewayRestResolver()
problems.register(app)
routes.register(app)


class ServerErrorAnswered(RuntimeError):
    """The API was about to answer 5xx."""


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`event` and the result are API Gateway's Lambda proxy shapes (REST API, payload format 1.0)."""
    metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=1)
    answer = app.resolve(event, context)
    status = int(answer["statusCode"])
    metrics.add_metric(name=f"Answers{status // 100}xx", unit=MetricUnit.Count, value=1)
    logger.info("answered", method=event.get("httpMethod"), resource=event.get("resource"), status=status)
    if status >= 500:
        raise ServerErrorAnswered(f"{event.get('httpMethod')} {event.get('path')} was about to be answered {status}")
    return answer
