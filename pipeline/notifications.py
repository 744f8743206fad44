"""Whom the release managers are told by: one topic, to which the pipeline's monitor and its alarms publish.

What is news, and its words, are in pipeline/monitor. It must not decide what goes well or wrong.
Sources: SNS developer guide, "Managing encryption keys and costs"; CloudWatch user guide, "Using Amazon CloudWatch
alarms" (a topic that is encrypted needs a key whose policy lets CloudWatch use it).
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class Notifications(Construct):
    """The topic. `email` is subscribed once its owner confirms."""

    def __init__(self, scope: Construct, construct_id: str, *, email: str | None) -> None:
        super().__init__(scope, construct_id)
        account = cdk.Stack.of(self).account
        key = kms.Key(
            self,
            "Key",
            description="Encrypts what the release pipeline tells its release managers",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        of_this_account = {"StringEquals": {"aws:SourceAccount": account}}
        alarms = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsWriteToTheTopic",
                principals=[alarms],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions=of_this_account,
            )
        )
        self.topic = sns.Topic(self, "Releases", display_name="Car service, releases", master_key=key, enforce_ssl=True)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[alarms],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions=of_this_account,
            )
        )
        if email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
