"""From the table's stream to the event bus, so that no change of a car is lost between table and bus.

A batch that fails is retried, halved, and at last, its place in the stream handed to a queue that raises an alarm. The
stream keeps a record for a day: it is retried for half of that, and the other half is left to read it again by hand.
That is for a bus that is down. A record that nobody can read stays so however often it is tried: it is set aside at
once, on a queue of its own, and holds up nothing.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sns as sns
from constructs import Construct

from service.cars.settings import Setting
from service.changes.e2e_subscription import E2eSubscription
from service.changes.sample import SAMPLE
from service.failures.failure_queues import FailureQueue
from service.failures.redrive.failure_kind import FailureKind
from service.function import ServiceFunction
from service.observability import monitoring
from service.release.infrastructure import add_canary
from service.service_settings import ServiceSettings


class ChangesStack(cdk.Stack):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cars_table: dynamodb.ITableV2,
        operators_topic: sns.ITopic,
        settings: ServiceSettings,
    ) -> None:
        super().__init__(scope, construct_id, description="Changes of cars, from the table's stream to the event bus")
        self.event_bus = events.EventBus(self, "CarsBus", event_bus_name="cars")
        self.undelivered_queue = FailureQueue(
            self,
            "Undelivered",
            kind=FailureKind.STREAM,
            holds="Which changes of cars could not be sent to the event bus",
        )
        self.set_aside_queue = FailureQueue(
            self,
            "SetAside",
            kind=FailureKind.CHANGE,
            holds="What was written to the table that is no car, and why",
        )
        self.changes_function = ServiceFunction(
            self,
            "Changes",
            description="Sends an event to the bus for each change of a car",
            code=("service/changes/runtime", "service/cars"),
            handler="service.changes.runtime.handler.handle",
            timeout_seconds=30,
            memory_mib=256,
            environment={
                Setting.EVENT_BUS_NAME: self.event_bus.event_bus_name,
                Setting.SET_ASIDE_QUEUE_URL: self.set_aside_queue.queue_url,
            },
            settings=settings,
        )
        self.event_bus.grant_put_events_to(self.changes_function.function)
        self.changes_function.function.add_to_role_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.set_aside_queue.queue_arn])
        )
        self.changes_function.alias.add_event_source(
            event_sources.DynamoEventSource(
                cars_table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                bisect_batch_on_error=True,
                report_batch_item_failures=True,
                max_record_age=cdk.Duration.hours(12),  # and until then as often as Lambda likes: a bus may be down
                on_failure=event_sources.SqsDlq(self.undelivered_queue),
            )
        )
        add_canary(
            self,
            released=self.changes_function,
            canary=settings.event_canary,
            sample=SAMPLE,
            counts_intake=True,
            settings=settings,
        )
        E2eSubscription(self, "E2e", event_bus=self.event_bus, settings=settings)
        self._alarms(settings, operators_topic)

    def _alarms(self, settings: ServiceSettings, operators_topic: sns.ITopic) -> None:
        function = self.changes_function.function
        monitoring.delay_alarm(
            self,
            "DelayedChanges",
            unit="changes",
            function=function,
            settings=settings,
            operators_topic=operators_topic,
        )
        monitoring.queued_failures_alarm(
            self,
            "UndeliveredChanges",
            what="changes-undelivered",
            description="Changes of cars could not be sent to the event bus; the queue says which.",
            queue=self.undelivered_queue,
            settings=settings,
            operators_topic=operators_topic,
        )
        monitoring.queued_failures_alarm(
            self,
            "SetAsideChanges",
            what="changes-set-aside",
            description="Somebody wrote to the cars table what is no car; the queue has it, and why.",
            queue=self.set_aside_queue,
            settings=settings,
            operators_topic=operators_topic,
        )
        monitoring.throttles_alarm(
            self,
            "ThrottledChanges",
            unit="changes",
            function=function,
            settings=settings,
            operators_topic=operators_topic,
        )
