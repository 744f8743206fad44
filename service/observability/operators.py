"""Whom the service calls when it needs a person: one topic a stage, which every alarm for people publishes to.

A stack of its own, deployed first: a confirmed subscription is a person's, and must outlive any unit.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from service.acknowledgements import acknowledge
from service.failures.redriver import redriver_policy
from service.release.forwarder import forward_deployments
from service.release.reader import release_reader_role
from service.service_settings import ServiceSettings


class OperatorsStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str, *, settings: ServiceSettings) -> None:
        super().__init__(scope, construct_id, description="The topic that calls the operators of the car service")
        self.topic = sns.Topic(self, "Alarms", display_name=f"Car service, {settings.stage_name}", enforce_ssl=True)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        acknowledge(
            self.topic,
            {"SNS2": "Alarms name resources and numbers, nobody's data; CloudWatch cannot use SNS's own key."},
        )
        if settings.operators_email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.operators_email))
        redriver_policy(self, settings=settings)
        # Here, where they stand before what they are about.
        release_reader_role(self, settings=settings)
        if not settings.is_sandbox:
            forward_deployments(self, settings=settings)
