"""Positions and passenger counts from the cars: a Kinesis stream, and what writes the newest of them to the table.

The stream is provisioned, by cost: a shard takes 1000 records a second, a fleet of 5000 that reports every five
seconds, for about 11 dollars a month and 1.4 cents a million reports (eu-west-1 is a tenth dearer than this). On demand
costs 29 dollars a month before the first report, and counts each report as a full kilobyte: at that rate, five times as
much. Its price is that somebody adds a shard when the fleet grows; an alarm says when.
It is encrypted with the key that AWS manages for Kinesis: producers need no permission on it. It keeps a record for a
day, and the newest of a car is worth more than any before it: what could not be written for an hour is given up, and
twenty-three are left to read it again. It goes with its stack, for it holds nothing that cars do not report again.
"""

from __future__ import annotations

import base64
import json

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sns as sns
from constructs import Construct

from service.cars.car import REPORTED_ATTRIBUTES
from service.cars.settings import Setting
from service.failures.failure_queues import FailureQueue
from service.failures.redrive.failure_kind import FailureKind
from service.function import ServiceFunction
from service.observability import monitoring
from service.release.infrastructure import SampleEvent, add_canary
from service.service_settings import ServiceSettings

SHARDS = 1
LANES_PER_SHARD = 2
"""Batches of a shard that are worked on at once, a car's always in the same lane: a failing one holds up its own."""

RETRY_ATTEMPTS = 20
"""For minutes, not for the hour: cars report again, and a record that nothing helps must not hold up the others."""

SAMPLE = SampleEvent(
    event={
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "release-nowhere",
                    "sequenceNumber": "1",
                    "data": base64.b64encode(
                        json.dumps(
                            {
                                "car_id": "release-nowhere",
                                "measured_at": "2026-01-01T00:00:00Z",
                                "latitude": 0,
                                "longitude": 0,
                                "nb_passengers": 0,
                            }
                        ).encode()
                    ).decode(),
                    "approximateArrivalTimestamp": 1767225600.0,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": "shardId-000000000000:1",
                "eventName": "aws:kinesis:record",
                "eventSourceARN": "arn:aws:kinesis:eu-west-1:000000000000:stream/none",
            }
        ]
    },
    answer={"batchItemFailures": []},
)
"""A report of a car that is not there: the new version has to be allowed to write it, and finds nothing to write to."""


class TelemetryStack(cdk.Stack):
    """`stream` is where cars report to; `producer_policy` is what whoever reports for them needs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cars_table: dynamodb.ITableV2,
        operators_topic: sns.ITopic,
        settings: ServiceSettings,
    ) -> None:
        super().__init__(scope, construct_id, description="Positions of cars, from their reports to the table")
        self.stream = kinesis.Stream(
            self,
            "Reports",
            stream_name=settings.telemetry_stream_name,
            stream_mode=kinesis.StreamMode.PROVISIONED,
            shard_count=SHARDS,
            encryption=kinesis.StreamEncryption.MANAGED,
            retention_period=cdk.Duration.hours(24),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.undelivered_queue = FailureQueue(
            self,
            "Undelivered",
            kind=FailureKind.STREAM,
            holds="Which reports of cars could not be written to the table",
        )
        self.set_aside_queue = FailureQueue(
            self, "SetAside", kind=FailureKind.RECORD, holds="What cars have sent that is no report, and why"
        )
        self.telemetry_function = ServiceFunction(
            self,
            "Telemetry",
            description="Writes the newest position of each car that reports",
            code=("service/telemetry/runtime", "service/cars"),
            handler="service.telemetry.runtime.handler.handle",
            timeout_seconds=30,
            memory_mib=512,
            environment={
                Setting.CARS_TABLE_NAME: cars_table.table_name,
                Setting.SET_ASIDE_QUEUE_URL: self.set_aside_queue.queue_url,
            },
            settings=settings,
        )
        self._grant(cars_table)
        self.telemetry_function.alias.add_event_source(
            event_sources.KinesisEventSource(
                self.stream,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                bisect_batch_on_error=True,
                report_batch_item_failures=True,
                parallelization_factor=LANES_PER_SHARD,
                retry_attempts=RETRY_ATTEMPTS,
                max_record_age=cdk.Duration.hours(1),
                on_failure=event_sources.SqsDlq(self.undelivered_queue),
            )
        )
        add_canary(
            self,
            released=self.telemetry_function,
            canary=settings.event_canary,
            sample=SAMPLE,
            counts_intake=True,
            settings=settings,
        )
        self.producer_policy = self._producer_policy()
        self._alarms(settings, operators_topic)
        self._outputs()

    def _grant(self, cars_table: dynamodb.ITableV2) -> None:
        """One action, on the attributes that a report may change and the two that its condition names.

        The second condition is what AWS's own example has beside the first ("Using IAM policy conditions for
        fine-grained access control"). ALL_OLD is what a report asks for where its condition fails: the key may stand
        for that, too, for ConditionCheckItem has it, and nothing else to return (Service Authorization Reference).
        """
        self.telemetry_function.function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["dynamodb:UpdateItem"],
                resources=[cars_table.table_arn],
                conditions={
                    "ForAllValues:StringEquals": {"dynamodb:Attributes": ["car_id", *REPORTED_ATTRIBUTES]},
                    "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "ALL_OLD"]},
                },
            )
        )
        self.telemetry_function.function.add_to_role_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.set_aside_queue.queue_arn])
        )

    def _producer_policy(self) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self,
            "TelemetryProducer",
            description="Lets cars, or what they connect to, report where they are",
            statements=[
                iam.PolicyStatement(
                    actions=["kinesis:PutRecord", "kinesis:PutRecords"], resources=[self.stream.stream_arn]
                )
            ],
        )

    def _alarms(self, settings: ServiceSettings, operators_topic: sns.ITopic) -> None:
        function = self.telemetry_function.function
        monitoring.delay_alarm(
            self,
            "DelayedReports",
            unit="telemetry",
            function=function,
            settings=settings,
            operators_topic=operators_topic,
        )
        monitoring.throttles_alarm(
            self, "Throttles", unit="telemetry", function=function, settings=settings, operators_topic=operators_topic
        )
        monitoring.queued_failures_alarm(
            self,
            "UndeliveredReports",
            what="telemetry-undelivered",
            description="Positions of cars could not be written; the queue says where in the stream they are.",
            queue=self.undelivered_queue,
            settings=settings,
            operators_topic=operators_topic,
        )
        monitoring.queued_failures_alarm(
            self,
            "SetAsideReports",
            what="telemetry-set-aside",
            description="Cars send what is no report; the queue has it, and why.",
            queue=self.set_aside_queue,
            settings=settings,
            operators_topic=operators_topic,
        )
        monitoring.service_alarm(
            self,
            "RefusedReports",
            what="telemetry-refused",
            description="The stream is full and refuses reports: it needs another shard.",
            metric=self.stream.metric("WriteProvisionedThroughputExceeded", statistic="Sum", period=monitoring.PERIOD),
            threshold=0,
            evaluation_periods=5,
            datapoints_to_alarm=3,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            settings=settings,
            operators_topic=operators_topic,
        )

    def _outputs(self) -> None:
        cdk.CfnOutput(self, "StreamName", value=self.stream.stream_name, description="Where cars report to")
        cdk.CfnOutput(
            self,
            "ProducerPolicyArn",
            value=self.producer_policy.managed_policy_arn,
            description="Managed policy for whoever reports for the cars",
        )
