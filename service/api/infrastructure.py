"""The cars' REST API: who may call it, what it calls, and how a new version of its function is released.

Integration and permission name the alias only: anything on the bare function would bypass the canary.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from service import monitoring
from service.acknowledgements import acknowledge, resource_id
from service.cars.settings import Setting
from service.function import ServiceFunction, new_log_group
from service.release.infrastructure import CanaryRelease
from service.service_settings import ServiceSettings


class ApiStack(cdk.Stack):
    """The API, its function with the canary, the role of the e2e tests, and the API's alarms."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cars_table: dynamodb.ITableV2,
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
            environment={Setting.CARS_TABLE_NAME: cars_table.table_name},
            settings=settings,
        )
        cars_table.grant(
            self.api_function.function,
            *("dynamodb:GetItem", "dynamodb:Scan", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
        )
        self.release = CanaryRelease(
            self, "Release", released=self.api_function, canary=settings.canary, sample=None, settings=settings
        )
        self.api = _rest_api(self, function=self.api_function, settings=settings)
        self.e2e_role = _e2e_role(self, api=self.api, settings=settings)
        monitoring.api_alarms(
            self, function=self.api_function.function, settings=settings, operators_topic=operators_topic
        )
        monitoring.alarm_reader_role(self, settings=settings)
        self.api_url = cdk.CfnOutput(self, "ApiUrl", value=self.api.url, description="The API's stage, ends in /")
        self.e2e_role_arn = cdk.CfnOutput(
            self, "E2eRoleArn", value=self.e2e_role.role_arn, description="The role that the e2e tests assume"
        )


def _rest_api(scope: Construct, *, function: ServiceFunction, settings: ServiceSettings) -> apigateway.RestApi:
    api = apigateway.RestApi(
        scope,
        "CarsApi",
        rest_api_name=monitoring.api_name(settings),
        endpoint_configuration=apigateway.EndpointConfiguration(types=[apigateway.EndpointType.REGIONAL]),
        cloud_watch_role=True,
        deploy_options=apigateway.StageOptions(
            stage_name=settings.stage_name,
            tracing_enabled=True,
            logging_level=apigateway.MethodLoggingLevel.ERROR,
            access_log_destination=apigateway.LogGroupLogDestination(
                new_log_group(scope, "AccessLogs", settings=settings)
            ),
            access_log_format=apigateway.AccessLogFormat.json_with_standard_fields(
                caller=True,
                http_method=True,
                ip=True,
                protocol=True,
                request_time=True,
                resource_path=True,
                response_length=True,
                status=True,
                user=True,
            ),
        ),
        default_method_options=apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM),
        default_integration=apigateway.LambdaIntegration(function.alias, allow_test_invoke=False),
    )
    cars = api.root.add_resource("cars")
    for method in ("GET", "POST"):
        cars.add_method(method)
    car = cars.add_resource("{car_id}")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        car.add_method(method)
    acknowledge(
        api,
        {
            "APIG2": "The function validates, with pydantic, and answers problem documents; one place for all rules.",
            "APIG3": "Only callers with IAM credentials get through; there is no anonymous traffic to filter.",
            "COG4": "Callers are machines with IAM roles, not people in a user pool.",
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]": (
                "The one role of the account with which API Gateway writes its logs, as AWS documents it."
            ),
        },
    )
    return api


def _e2e_role(scope: Construct, *, api: apigateway.RestApi, settings: ServiceSettings) -> iam.Role:
    """May call this API and nothing else; only the pipeline's own roles in the toolchain account may assume it."""
    callers = f"arn:aws:iam::{settings.toolchain_account}:role/{settings.e2e_caller_role_pattern}"
    role = iam.Role(
        scope,
        "E2eRole",
        role_name=settings.e2e_role_name,
        assumed_by=iam.AccountPrincipal(settings.toolchain_account).with_conditions(
            {"ArnLike": {"aws:PrincipalArn": callers}}
        ),
        max_session_duration=cdk.Duration.hours(1),
    )
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["execute-api:Invoke"], resources=[api.arn_for_execute_api("*", "/*", settings.stage_name)]
        )
    )
    stack = cdk.Stack.of(scope)
    routes = f"arn:aws:execute-api:{stack.region}:{stack.account}:<{resource_id(api)}>/{settings.stage_name}/*/*"
    acknowledge(role, {f"IAM5[Resource::{routes}]": "Every route of this one API and stage."})
    return role
