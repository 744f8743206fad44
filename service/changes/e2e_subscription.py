"""How the end-to-end tests see the events of the bus: a queue that gets those of their own cars, and nothing else.

It must not take a customer's car off the bus, nor keep anything for longer than a run of the tests.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from service.acknowledgements import acknowledge
from service.cars.car import E2E_PREFIX
from service.failures.failure_paths import exempt
from service.service_settings import ServiceSettings

SUBSCRIBED_PREFIX = f"{E2E_PREFIX}events-"
"""How the ids of the cars begin whose events come to the queue: of most cars of the tests nobody wants to hear."""

RETENTION = cdk.Duration.minutes(15)
"""As long as the step with the tests may run: what one that was ended has left there is gone with it."""


class E2eSubscription(Construct):
    """A rule and its queue. Who may read from it is said in service/api/access.py, by the queue's name."""

    def __init__(
        self, scope: Construct, construct_id: str, *, event_bus: events.IEventBus, settings: ServiceSettings
    ) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=settings.e2e_events_queue_name,
            enforce_ssl=True,
            retention_period=RETENTION,
        )
        acknowledge(self.queue, {"SQS3": "The tests that read it miss what they cannot read, and fail."})
        # Whatever its source, type and version: the tests are there to see that these are as promised.
        rule = events.Rule(
            self,
            "SeenByTests",
            event_bus=event_bus,
            event_pattern=events.EventPattern(detail={"car": {"car_id": events.Match.prefix(SUBSCRIBED_PREFIX)}}),
            targets=[targets.SqsQueue(self.queue)],
        )
        exempt(rule, reason="The tests wait for each event, and fail for one that does not come.")
