"""The tables, in a stack of its own: what holds data is deployed apart from what holds code, and never deleted.

Logical ids here are part of the data's safety: a new id would be a new, empty table. What protects the table is in the
template (deletion protection, RETAIN); the stack's own termination protection is set by `cdk deploy` alone, and not by
the pipeline's CloudFormation actions (aws-cdk#17871).
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from service.cars.repository import BY_STATUS_INDEX


class DatabaseStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, termination_protection=True, description="The tables of the car service")
        self.cars_table = _table(
            self,
            "CarsTable",
            partition_key="car_id",
            dynamo_stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            # A status is a partition: one takes 1000 writes a second, ten times what a fleet of thousands does to it.
            global_secondary_indexes=[
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name=BY_STATUS_INDEX, partition_key=_string("status"), sort_key=_string("car_id")
                )
            ],
        )
        self.notifications_table = _table(
            self, "NotificationsTable", partition_key="car_id", sort_key="notification_id", expires_at="expires_at"
        )
        self.orders_table = _table(self, "OrdersTable", partition_key="order_id", expires_at="expires_at")


def _table(
    scope: Construct,
    construct_id: str,
    *,
    partition_key: str,
    sort_key: str | None = None,
    expires_at: str | None = None,
    dynamo_stream: dynamodb.StreamViewType | None = None,
    global_secondary_indexes: list[dynamodb.GlobalSecondaryIndexPropsV2] | None = None,
) -> dynamodb.TableV2:
    """`expires_at` names the attribute with the time (seconds since 1970) after which DynamoDB deletes an item."""
    return dynamodb.TableV2(
        scope,
        construct_id,
        partition_key=_string(partition_key),
        sort_key=None if sort_key is None else _string(sort_key),
        time_to_live_attribute=expires_at,
        billing=dynamodb.Billing.on_demand(),
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        dynamo_stream=dynamo_stream,
        global_secondary_indexes=global_secondary_indexes,
        deletion_protection=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
