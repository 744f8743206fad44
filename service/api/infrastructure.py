"""The cars' REST API: its function, what that may do, and how a new version of it is released.

The API itself is in rest_api.py, who may call it in access.py.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from service.api.access import CallerPolicies, e2e_role
from service.api.firewall import add_firewall
from service.api.rest_api import new_rest_api
from service.api.runtime.resources import ROUTES
from service.cars.repository import BY_STATUS_INDEX
from service.cars.settings import Setting
from service.function import ServiceFunction
from service.observability import monitoring
from service.release.infrastructure import add_canary
from service.service_settings import ServiceSettings


class ApiStack(cdk.Stack):
    """The API, its function with the canary, who may call it, and its alarms."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cars_table: dynamodb.ITableV2,
        notifications_table: dynamodb.ITableV2,
        cursor_keys: secretsmanager.ISecret,
        operators_topic: sns.ITopic,
        settings: ServiceSettings,
    ) -> None:
        super().__init__(scope, construct_id, description="The REST API of the cars")
        self.api_function = ServiceFunction(
            self,
            "Api",
            description="Answers the REST API of the cars",
            code=("service/api/runtime", "service/cars"),
            handler="service.api.runtime.handler.handle",
            timeout_seconds=10,
            memory_mib=512,
            environment={
                Setting.CARS_TABLE_NAME: cars_table.table_name,
                Setting.NOTIFICATIONS_TABLE_NAME: notifications_table.table_name,
                Setting.CURSOR_KEYS_ARN: cursor_keys.secret_arn,
            },
            settings=settings,
        )
        self._grant(cars_table=cars_table, notifications_table=notifications_table, cursor_keys=cursor_keys)
        add_canary(
            self,
            released=self.api_function,
            canary=settings.canary,
            sample=None,
            routes=ROUTES,
            settings=settings,
        )
        self.api = new_rest_api(self, "CarsApi", function=self.api_function, settings=settings)
        add_firewall(self, api=self.api, settings=settings)
        policies = CallerPolicies(self, "Callers", api=self.api, settings=settings)
        self.e2e_role = e2e_role(self, api=self.api, settings=settings)
        monitoring.api_alarms(
            self, function=self.api_function.function, settings=settings, operators_topic=operators_topic
        )
        monitoring.alarm_reader_role(self, settings=settings)
        self.api_id = cdk.CfnOutput(self, "ApiId", value=self.api.rest_api_id, description="The API's own id")
        self.api_url = cdk.CfnOutput(self, "ApiUrl", value=self.api.url, description="The API's stage, ends in /")
        self.e2e_role_arn = cdk.CfnOutput(
            self, "E2eRoleArn", value=self.e2e_role.role_arn, description="The role that the e2e tests assume"
        )
        for name, policy in (("CarsReader", policies.reader), ("CarsEditor", policies.editor)):
            cdk.CfnOutput(
                self,
                f"{name}PolicyArn",
                value=policy.managed_policy_arn,
                description=f"A policy for callers: {policy.description}",
            )

    def _grant(
        self,
        *,
        cars_table: dynamodb.ITableV2,
        notifications_table: dynamodb.ITableV2,
        cursor_keys: secretsmanager.ISecret,
    ) -> None:
        """Written out: CDK's own grants would name every index of a table, and let the function describe the secret."""
        car_actions = ("GetItem", "Scan", "PutItem", "UpdateItem", "DeleteItem")
        for actions, resource in (
            ([f"dynamodb:{action}" for action in car_actions], cars_table.table_arn),
            (["dynamodb:Query"], f"{cars_table.table_arn}/index/{BY_STATUS_INDEX}"),
            (["dynamodb:Query"], notifications_table.table_arn),
            (["secretsmanager:GetSecretValue"], cursor_keys.secret_arn),
        ):
            self.api_function.function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
