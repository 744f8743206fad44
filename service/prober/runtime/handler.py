"""Runs every minute: journeys through the public API, as many as the stage is promised, as fast as they go.

Its metrics are the heartbeat: when they stop, an alarm says so. It must not fail because the API does.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars.settings import METRICS_NAMESPACE, ServiceName, Setting, read
from service.prober.runtime.journey import REQUESTS_PER_JOURNEY, Tally, Traveller
from service.prober.runtime.signed_api import SignedApi

LONGEST_JOURNEY_MILLISECONDS = 45_000
"""Seven requests and a last DELETE, each running into its timeout: with less time left, no journey is begun."""

logger = Logger(service=ServiceName.PROBER)
tracer = Tracer(service=ServiceName.PROBER)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=ServiceName.PROBER)


@functools.cache
def traveller() -> Traveller:
    session = boto3.Session()
    credentials = session.get_credentials()
    if credentials is None:
        raise RuntimeError("The prober has no AWS credentials to sign its requests with: Lambda gives it its role's.")
    return Traveller(SignedApi(read(Setting.API_URL), region=session.region_name, credentials=credentials))


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The result is the tally: {"requests", "failed_requests", "journeys", "succeeded_journeys", "failures": {…}}."""
    tally = Tally()
    for number in range(math.ceil(int(read(Setting.REQUESTS_PER_MINUTE)) / REQUESTS_PER_JOURNEY)):
        if context.get_remaining_time_in_millis() < LONGEST_JOURNEY_MILLISECONDS and number > 0:
            logger.warning("the API is too slow for all journeys", begun=number)
            break
        traveller().travel(number, tally)
    metrics.add_dimension(name="stage", value=read(Setting.STAGE_NAME))
    metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=tally.requests)
    metrics.add_metric(name="FailedRequests", unit=MetricUnit.Count, value=tally.failed_requests)
    metrics.add_metric(name="Journeys", unit=MetricUnit.Count, value=tally.journeys)
    metrics.add_metric(name="SucceededJourneys", unit=MetricUnit.Count, value=tally.succeeded_journeys)
    logger.info("travelled", **vars(tally))
    return dict(vars(tally))
