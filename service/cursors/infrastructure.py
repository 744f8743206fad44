"""The secret with the keys that sign the API's cursors, and the function that rotates it.

It may be lost: a new one is generated, and callers who are in the middle of a list begin it again.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from service.function import ServiceFunction
from service.observability import monitoring
from service.service_settings import ServiceSettings

ROTATION = cdk.Duration.days(30)


class CursorsStack(cdk.Stack):
    """The secret, generated when it is first deployed and rotated at once, and then every 30 days."""

    def __init__(
        self, scope: Construct, construct_id: str, *, operators_topic: sns.ITopic, settings: ServiceSettings
    ) -> None:
        super().__init__(scope, construct_id, description="The keys that sign the cursors of the cars' API")
        self.keys = secretsmanager.Secret(
            self,
            "Keys",
            description="The keys that sign the cursors of the cars' API",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106  (an empty object, for what is generated to go into)
                generate_string_key="current",
                password_length=64,
                exclude_punctuation=True,
            ),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.rotation_function = ServiceFunction(
            self,
            "Rotation",
            description="Rotates the key that signs cursors",
            code=("service/cursors/runtime", "service/cars"),
            handler="service.cursors.runtime.handler.handle",
            timeout_seconds=30,
            memory_mib=256,
            environment={},
            settings=settings,
        )
        self._schedule()
        monitoring.service_alarm(
            self,
            "RotationFails",
            what="cursors-rotation",
            description="The key of the cursors could not be rotated; the keys in use stay good.",
            metric=self.rotation_function.function.metric_errors(statistic="Sum", period=monitoring.PERIOD),
            threshold=0,
            evaluation_periods=1,
            datapoints_to_alarm=1,
            settings=settings,
            operators_topic=operators_topic,
        )

    def _schedule(self) -> None:
        """Not CDK's `add_rotation_schedule`, which lets the function do more, and forbids the account to delete it.

        The function's own ARN, and so neither a version nor an alias: Secrets Manager's pages speak of a function's
        ("RotateSecret", AWS::SecretsManager::RotationSchedule), and of no other.
        """
        function = self.rotation_function.function
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=[
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                resources=[self.keys.secret_arn],
            )
        )
        function.add_permission(
            "SecretsManager",
            principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
            source_account=self.account,
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=self.keys.secret_arn,
            rotation_lambda_arn=function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                schedule_expression=f"rate({ROTATION.to_days():.0f} days)"
            ),
        )
        schedule.node.add_dependency(function)
