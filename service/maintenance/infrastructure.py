"""Maintenance orders, which take a car out of service and back: an SQS queue, and what carries its messages out.

A standard queue: orders may come twice and in any order, and the function makes that harmless, so that none waits for
another as in a FIFO queue. A message that fails is given out again after the visibility timeout, six times the
function's ("Configuring a queue to use with Lambda"), and goes to the dead-letter queue after its fifth time.
"""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from service.cars.settings import Setting
from service.failures.failure_queues import FailureQueue
from service.failures.redrive.failure_kind import FailureKind
from service.function import ServiceFunction
from service.observability import monitoring
from service.release.infrastructure import SampleEvent, add_canary
from service.service_settings import ServiceSettings

TIMEOUT_SECONDS = 10
VISIBILITY_TIMEOUT_SECONDS = 6 * TIMEOUT_SECONDS
MAXIMUM_RECEIVES = 5
LONGEST_WAIT = cdk.Duration.minutes(10)
"""Longer than all attempts at one failing message take: what waits as long is not even tried."""

FUNCTIONS_AT_ONCE = 5
"""A flood of orders leaves the account's concurrency and the table to those who wait for an answer."""


class MaintenanceStack(cdk.Stack):
    """`queue` is where orders are sent to; `planner_policy` is what whoever plans maintenance needs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cars_table: dynamodb.ITableV2,
        orders_table: dynamodb.ITableV2,
        operators_topic: sns.ITopic,
        settings: ServiceSettings,
    ) -> None:
        super().__init__(scope, construct_id, description="Maintenance orders, which take cars out of service and back")
        self.dead_letter_queue = FailureQueue(
            self, "DeadLetters", kind=FailureKind.QUEUE, holds="Maintenance orders that could not be carried out"
        )
        self.queue = sqs.Queue(
            self,
            "Orders",
            queue_name=settings.maintenance_queue_name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=cdk.Duration.seconds(VISIBILITY_TIMEOUT_SECONDS),
            retention_period=cdk.Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letter_queue, max_receive_count=MAXIMUM_RECEIVES),
        )
        self.maintenance_function = ServiceFunction(
            self,
            "Maintenance",
            description="Takes cars out of service and back, as maintenance orders say",
            code=("service/maintenance/runtime", "service/cars"),
            handler="service.maintenance.runtime.handler.handle",
            timeout_seconds=TIMEOUT_SECONDS,
            memory_mib=512,
            environment={
                Setting.CARS_TABLE_NAME: cars_table.table_name,
                Setting.ORDERS_TABLE_NAME: orders_table.table_name,
            },
            settings=settings,
        )
        self._grant(cars_table, orders_table)
        self.maintenance_function.alias.add_event_source(
            event_sources.SqsEventSource(
                self.queue, batch_size=10, report_batch_item_failures=True, max_concurrency=FUNCTIONS_AT_ONCE
            )
        )
        add_canary(
            self,
            released=self.maintenance_function,
            canary=settings.event_canary,
            sample=_sample(self.maintenance_function),
            counts_intake=True,
            settings=settings,
        )
        self.planner_policy = iam.ManagedPolicy(
            self,
            "MaintenancePlanner",
            description="Lets whoever plans maintenance order it",
            statements=[iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.queue.queue_arn])],
        )
        self._alarms(settings, operators_topic)
        self._outputs()

    def _grant(self, cars_table: dynamodb.ITableV2, orders_table: dynamodb.ITableV2) -> None:
        """TransactWriteItems is authorized as what it is made of ("Transactions: IAM")."""
        for table, actions in (
            (cars_table, ("GetItem", "UpdateItem")),
            (orders_table, ("GetItem", "PutItem", "UpdateItem")),
        ):
            self.maintenance_function.function.add_to_role_policy(
                iam.PolicyStatement(actions=[f"dynamodb:{action}" for action in actions], resources=[table.table_arn])
            )

    def _alarms(self, settings: ServiceSettings, operators_topic: sns.ITopic) -> None:
        monitoring.throttles_alarm(
            self,
            "Throttles",
            unit="maintenance",
            function=self.maintenance_function.function,
            settings=settings,
            operators_topic=operators_topic,
        )
        monitoring.service_alarm(
            self,
            "DelayedOrders",
            what="maintenance-delayed",
            description=f"An order has waited for more than {LONGEST_WAIT.to_minutes():.0f} minutes.",
            metric=self.queue.metric_approximate_age_of_oldest_message(statistic="Maximum", period=monitoring.PERIOD),
            threshold=LONGEST_WAIT.to_seconds(),
            treat_missing_data=monitoring.OF_A_QUEUE,
            settings=settings,
            operators_topic=operators_topic,
        )
        monitoring.queued_failures_alarm(
            self,
            "FailedOrders",
            what="maintenance-failed",
            description="Maintenance orders could not be carried out; the dead-letter queue has them.",
            queue=self.dead_letter_queue,
            settings=settings,
            operators_topic=operators_topic,
        )

    def _outputs(self) -> None:
        cdk.CfnOutput(self, "QueueUrl", value=self.queue.queue_url, description="Where maintenance orders are sent to")
        cdk.CfnOutput(
            self,
            "PlannerPolicyArn",
            value=self.planner_policy.managed_policy_arn,
            description="Managed policy for whoever plans maintenance",
        )


def _sample(released: ServiceFunction) -> SampleEvent:
    """An order of this version's own, for a car that is not there: it is read, and written down as rejected."""
    order = {"order_id": f"release-{released.version.version}", "car_id": "release-nowhere", "action": "start"}
    return SampleEvent(
        event={
            "Records": [
                {
                    "messageId": "00000000-0000-4000-8000-000000000000",
                    "receiptHandle": "none",
                    "body": json.dumps(order),
                    "attributes": {"ApproximateReceiveCount": "1"},
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:none",
                    "awsRegion": "eu-west-1",
                }
            ]
        },
        answer={"batchItemFailures": []},
    )
