"""From the event bus to people: what happens to a car is mailed to the operators, and kept in words for the API.

Each of the three steps (bus to topic, topic to function, the function itself) has a queue for what it gives up, and
each queue an alarm.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from service.acknowledgements import acknowledge
from service.cars.car import CarStatus
from service.cars.events import SOURCE, VERSION, CarEventType
from service.cars.settings import Setting
from service.failures.failure_queues import FailureQueue
from service.failures.redrive.failure_kind import FailureKind
from service.function import ServiceFunction
from service.notifications.sample import SAMPLE
from service.observability import monitoring
from service.release.infrastructure import add_canary
from service.service_settings import ServiceSettings

FOR_PEOPLE = (CarStatus.IN_MAINTENANCE, CarStatus.OUT_OF_SERVICE)
"""A car that changes to, or within, one of these is mailed: every ride of a fleet would be a mail otherwise."""


class NotificationsStack(cdk.Stack):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        event_bus: events.IEventBus,
        notifications_table: dynamodb.ITableV2,
        operators_topic: sns.ITopic,
        settings: ServiceSettings,
    ) -> None:
        super().__init__(scope, construct_id, description="What people are told of cars: mailed, and kept in words")
        self.notifications_function = ServiceFunction(
            self,
            "Notifications",
            description="Keeps what happens to a car, in words",
            code=("service/notifications/runtime", "service/cars"),
            handler="service.notifications.runtime.handler.handle",
            timeout_seconds=10,
            memory_mib=256,
            environment={Setting.NOTIFICATIONS_TABLE_NAME: notifications_table.table_name},
            settings=settings,
        )
        notifications_table.grant(self.notifications_function.function, "dynamodb:PutItem")
        self.failed_queue = FailureQueue(
            self,
            "Failed",
            kind=FailureKind.FUNCTION,
            holds="Events of cars that the function could not make a notification of",
        )
        self.notifications_function.alias.configure_async_invoke(
            retry_attempts=2,
            max_event_age=cdk.Duration.hours(1),
            on_failure=destinations.SqsDestination(self.failed_queue),
        )
        self.topic = self._topic(settings)
        self._subscribe_function()
        self._subscribe_bus(event_bus)
        add_canary(
            self,
            released=self.notifications_function,
            canary=settings.event_canary,
            sample=SAMPLE,
            settings=settings,
        )
        self._alarms(operators_topic=operators_topic, settings=settings)

    def _topic(self, settings: ServiceSettings) -> sns.Topic:
        topic = sns.Topic(self, "CarNews", display_name=f"Cars, {settings.stage_name}", enforce_ssl=True)
        reason = (
            "Events pass through; EventBridge cannot use SNS's own key, and one of ours would cost more than all here."
        )
        acknowledge(topic, {"SNS2": reason})
        if settings.operators_email is not None:
            topic.add_subscription(
                subscriptions.EmailSubscription(settings.operators_email, filter_policy_with_message_body=_for_people())
            )
        return topic

    def _subscribe_function(self) -> None:
        self.undelivered_queue = FailureQueue(
            self,
            "Undelivered",
            kind=FailureKind.SUBSCRIPTION,
            holds="Events of cars that the topic could not hand to the function",
        )
        subscribed = self.topic.add_subscription(
            subscriptions.LambdaSubscription(
                self.notifications_function.alias, dead_letter_queue=self.undelivered_queue
            )
        )
        cdk.Validations.of(subscribed).acknowledge(
            cdk.Acknowledgment(
                id="CloudFormation-Validate::W3694", reason="An alias's ARN is a function's, too (Subscribe, Endpoint)."
            )
        )

    def _subscribe_bus(self, event_bus: events.IEventBus) -> None:
        self.unpublished_queue = FailureQueue(
            self,
            "Unpublished",
            kind=FailureKind.RULE,
            holds="Events of cars that the bus could not publish to the topic",
        )
        events.Rule(
            self,
            "ToldToPeople",
            event_bus=event_bus,
            event_pattern=events.EventPattern(
                source=[SOURCE],
                detail_type=[CarEventType.UPDATED.value, CarEventType.DELETED.value],
                detail={"version": [VERSION]},
            ),
            targets=[
                targets.SnsTopic(
                    self.topic,
                    dead_letter_queue=self.unpublished_queue,
                )
            ],
        )

    def _alarms(self, *, operators_topic: sns.ITopic, settings: ServiceSettings) -> None:
        function = self.notifications_function.function
        queues: list[tuple[str, sqs.IQueue, str]] = [
            ("failed", self.failed_queue, "The function gave events up; the queue has them, with its answer."),
            ("undelivered", self.undelivered_queue, "The topic could not hand events to the function."),
            ("unpublished", self.unpublished_queue, "The bus could not publish events to the topic."),
        ]
        for trouble, queue, description in queues:
            monitoring.queued_failures_alarm(
                self,
                f"{trouble.capitalize()}Notifications",
                what=f"notifications-{trouble}",
                description=description,
                queue=queue,
                settings=settings,
                operators_topic=operators_topic,
            )
        monitoring.event_age_alarm(
            self,
            "DelayedNotifications",
            unit="notifications",
            function=function,
            settings=settings,
            operators_topic=operators_topic,
        )
        monitoring.throttles_alarm(
            self,
            "ThrottledNotifications",
            unit="notifications",
            function=function,
            settings=settings,
            operators_topic=operators_topic,
        )


def _for_people() -> dict[str, sns.FilterOrPolicy]:
    """Mailed is what happens to a real car that cannot drive ("Amazon SNS subscription filter policies")."""
    car = {"status": _one_of(*(status.value for status in FOR_PEOPLE))}
    detail = {"synthetic": _one_of(False), "car": sns.FilterOrPolicy.policy(car)}
    return {"detail": sns.FilterOrPolicy.policy(detail)}


def _one_of(*values: object) -> sns.FilterOrPolicy:
    return sns.FilterOrPolicy.filter(sns.SubscriptionFilter(list(values)))
