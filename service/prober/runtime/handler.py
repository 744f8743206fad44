"""Runs every minute: journeys through the public API, as many as the stage is promised, as fast as they go.

A few are on the way at once, as customers are: so an API that is slow gets its promised requests, too, and a canary
its evidence, just when the new version is what is slow.

Its metrics are the heartbeat: when they stop, an alarm says so. It must not fail because the API does.
"""

from __future__ import annotations

from service.cars import cold_start

# isort: split
import functools
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars import aws
from service.cars.settings import METRICS_NAMESPACE, ServiceName, Setting, read
from service.prober.runtime.events import Senders
from service.prober.runtime.journey import EVENTS_PER_JOURNEY, REQUESTS_PER_JOURNEY, Tally, Traveller
from service.prober.runtime.shift import shift
from service.prober.runtime.signed_api import SignedApi

ROOM_FOR_A_JOURNEY_MILLISECONDS = 10_000
"""With less time left, or less than the longest journey has taken, none is begun: so a slow API costs journeys, and not
the minute its tally. One that hangs costs the minute its heartbeat, and so it should."""

TRAVELLERS = 4
"""With fewer, 120 requests of a second and a half would not fit into a minute."""

logger = Logger(service=ServiceName.PROBER)
metrics = Metrics(namespace=METRICS_NAMESPACE, service=ServiceName.PROBER)


@functools.cache
def travellers() -> Sequence[Traveller]:
    """They share connections and credentials; each walks through the list of cars by itself."""
    session = aws.session()
    credentials = session.get_credentials()
    if credentials is None:
        raise RuntimeError("The prober has no AWS credentials to sign its requests with: Lambda gives it its role's.")
    region = session.get_config_variable("region")
    api = SignedApi(read(Setting.API_URL), region=region, credentials=credentials, connections=TRAVELLERS)
    senders = Senders(
        aws.client("kinesis"),
        aws.client("sqs"),
        stream_name=read(Setting.TELEMETRY_STREAM_NAME),
        queue_url=read(Setting.MAINTENANCE_QUEUE_URL),
    )
    return [Traveller(api, senders) for _ in range(TRAVELLERS)]


def _promised_journeys(event: Mapping[str, Any]) -> tuple[int, int]:
    """How many journeys a minute has, and in how many of them events are sent.

    As many as a canary needs while one is on, and else as many as the alarms need.
    """
    shifting = shift(event)
    requests = Setting.REQUESTS_PER_MINUTE if shifting.of_api else Setting.REQUESTS_PER_MINUTE_AT_REST
    events = int(read(Setting.EVENTS_PER_MINUTE)) if shifting.of_events else EVENTS_PER_JOURNEY
    with_events = math.ceil(events / EVENTS_PER_JOURNEY)
    return max(math.ceil(int(read(requests)) / REQUESTS_PER_JOURNEY), with_events), with_events


@logger.inject_lambda_context
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The result is the tally (journey.py): {"requests", "failed_requests", "events", …, "failures": {…}}."""
    journeys, with_events = _promised_journeys(event)
    numbers = iter(range(journeys))  # each goes to one traveller: `next` of a range is one step to Python
    room = ROOM_FOR_A_JOURNEY_MILLISECONDS

    def travel(traveller: Traveller) -> Tally:
        nonlocal room
        tally = Tally()
        for number in numbers:
            left = context.get_remaining_time_in_millis()
            if left < room and number > 0:
                logger.warning("the API is too slow for all journeys", begun=number)
                break
            traveller.travel(number, tally, sends_events=number < with_events)
            room = max(room, left - context.get_remaining_time_in_millis())
        return tally

    with ThreadPoolExecutor(TRAVELLERS) as threads:
        tally = Tally.sum(threads.map(travel, travellers()))
    metrics.add_dimension(name="stage", value=read(Setting.STAGE_NAME))
    metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=tally.requests)
    metrics.add_metric(name="FailedRequests", unit=MetricUnit.Count, value=tally.failed_requests)
    metrics.add_metric(name="Events", unit=MetricUnit.Count, value=tally.events)
    metrics.add_metric(name="FailedEvents", unit=MetricUnit.Count, value=tally.failed_events)
    metrics.add_metric(name="Journeys", unit=MetricUnit.Count, value=tally.journeys)
    metrics.add_metric(name="SucceededJourneys", unit=MetricUnit.Count, value=tally.succeeded_journeys)
    logger.info("travelled", **vars(tally))
    return dict(vars(tally))


cold_start.is_over()
