"""Synthetic traffic through the public API, every minute of every day, so that alarms and canaries always have data."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from service import monitoring
from service.cars.settings import Setting
from service.function import ServiceFunction
from service.service_settings import ServiceSettings


class ProberStack(cdk.Stack):
    def __init__(
        self, scope: Construct, construct_id: str, *, api: apigateway.RestApi, settings: ServiceSettings
    ) -> None:
        super().__init__(scope, construct_id, description="Synthetic traffic through the API of the cars")
        self.prober_function = ServiceFunction(
            self,
            "Prober",
            description="Travels through the public API as a customer would, every minute",
            code=("service/prober/runtime", "service/cars"),
            handler="service.prober.runtime.handler.handle",
            timeout_seconds=55,
            memory_mib=512,
            environment={
                Setting.API_URL: api.url,
                Setting.REQUESTS_PER_MINUTE: str(settings.requests_per_minute),
                Setting.STAGE_NAME: settings.stage_name,
            },
            settings=settings,
        )
        self.prober_function.function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["execute-api:Invoke"], resources=[api.arn_for_execute_api("*", "/*", settings.stage_name)]
            )
        )
        self.prober_function.alias.configure_async_invoke(retry_attempts=0, max_event_age=cdk.Duration.minutes(1))
        events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(cdk.Duration.minutes(1)),
            targets=[targets.LambdaFunction(self.prober_function.alias)],
        )
        monitoring.heartbeat_alarm(self, settings=settings)
