"""The cars table, in a stack of its own: what holds data is deployed apart from what holds code, and never deleted.

Logical ids here are part of the data's safety: a new id would be a new, empty table. What protects the table is in the
template (deletion protection, RETAIN); the stack's own termination protection is set by `cdk deploy` alone, and not by
the pipeline's CloudFormation actions (aws-cdk#17871).
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct


class DatabaseStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, termination_protection=True, description="The cars table")
        self.cars_table = dynamodb.TableV2(
            self,
            "CarsTable",
            partition_key=dynamodb.Attribute(name="car_id", type=dynamodb.AttributeType.STRING),
            billing=dynamodb.Billing.on_demand(),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            dynamo_stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            deletion_protection=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
