"""The REST API itself: its resources, the limits on its traffic, and what it logs.

Integration and permission name the alias only: anything on the bare function would bypass the canary.
"""

from __future__ import annotations

import json

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from service.acknowledgements import acknowledge
from service.api.gateway_responses import add_gateway_responses
from service.api.runtime.resources import RESOURCES
from service.function import ServiceFunction, new_log_group
from service.observability import monitoring
from service.service_settings import ServiceSettings

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "extendedRequestId": "$context.extendedRequestId",
    "xrayTraceId": "$context.xrayTraceId",
    "requestTime": "$context.requestTime",
    "callerArn": "$context.identity.userArn",
    "callerAccount": "$context.identity.accountId",
    "sourceIp": "$context.identity.sourceIp",
    "userAgent": "$context.identity.userAgent",
    "httpMethod": "$context.httpMethod",
    "resourcePath": "$context.resourcePath",
    "protocol": "$context.protocol",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationRequestId": "$context.integration.requestId",
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integration.latency",
    "integrationError": "$context.integration.error",
    "errorType": "$context.error.responseType",
    "errorMessage": "$context.error.message",
    "firewall": "$context.waf.status",
}
"""One line a request ("Variables for access logging for API Gateway"; "-" is none): neither query strings nor ids of
cars, so the resource and not the path. All values are texts, for "-" is no number."""


def new_rest_api(
    scope: Construct, construct_id: str, *, function: ServiceFunction, settings: ServiceSettings
) -> apigateway.RestApi:
    api = apigateway.RestApi(
        scope,
        construct_id,
        rest_api_name=monitoring.api_name(settings),
        endpoint_configuration=apigateway.EndpointConfiguration(types=[apigateway.EndpointType.REGIONAL]),
        cloud_watch_role=True,
        deploy_options=apigateway.StageOptions(
            stage_name=settings.stage_name,
            tracing_enabled=True,
            logging_level=apigateway.MethodLoggingLevel.ERROR,
            throttling_rate_limit=settings.api_requests_per_second,
            throttling_burst_limit=settings.api_burst,
            access_log_destination=apigateway.LogGroupLogDestination(
                new_log_group(scope, "AccessLogs", settings=settings)
            ),
            access_log_format=apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG)),
        ),
        default_method_options=apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM),
        default_integration=apigateway.LambdaIntegration(function.alias, allow_test_invoke=False),
    )
    for path, methods in RESOURCES.items():
        resource = api.root.resource_for_path(path)
        for method in methods:
            resource.add_method(method)
    add_gateway_responses(api)
    _add_usage_plan(api, settings=settings)
    acknowledge(
        api,
        {
            "APIG2": "The function validates, with pydantic, and answers problem documents; one place for all rules.",
            "COG4": "Callers are machines with IAM roles, not people in a user pool.",
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]": (
                "The one role of the account with which API Gateway writes its logs, as AWS documents it."
            ),
        },
    )
    return api


def _add_usage_plan(api: apigateway.RestApi, *, settings: ServiceSettings) -> None:
    """Limits of each API key. No method asks for one, for callers are known by their IAM roles: until one does, the
    plan limits nobody, the stage's own limits hold for all callers together, and those by address are the firewall's.
    """
    api.add_usage_plan(
        "Callers",
        description=f"Each caller of {monitoring.api_name(settings)} that has an API key",
        throttle=apigateway.ThrottleSettings(
            rate_limit=settings.api_requests_per_second, burst_limit=settings.api_burst
        ),
        quota=apigateway.QuotaSettings(limit=settings.api_requests_per_day, period=apigateway.Period.DAY),
        api_stages=[apigateway.UsagePlanPerApiStage(api=api, stage=api.deployment_stage)],
    )
