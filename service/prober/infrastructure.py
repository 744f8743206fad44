"""Synthetic traffic into all that the service takes in, every minute, so that alarms and canaries always have data."""

from __future__ import annotations

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from service.acknowledgements import acknowledge, resource_id
from service.api.access import findings_of, may_invoke, routes_of_tests
from service.cars.car import PROBE_PREFIX, SYNTHETIC_PREFIXES
from service.cars.settings import Setting
from service.failures.failure_paths import exempt
from service.function import ALIAS_NAME, ServiceFunction
from service.observability import monitoring
from service.service_settings import ServiceSettings

CODE = ("service/prober/runtime", "service/cars")


class ProberStack(cdk.Stack):
    """The prober, its schedule, its first journeys and the alarm on its heartbeat.

    The prober looks whether a canary of one of the functions is on; `event_functions` are those that events invoke.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: apigateway.RestApi,
        api_id: cdk.CfnOutput,
        api_function: lambda_.IFunction,
        event_functions: Sequence[lambda_.IFunction],
        telemetry_stream: kinesis.IStream,
        maintenance_queue: sqs.IQueue,
        operators_topic: sns.ITopic,
        settings: ServiceSettings,
    ) -> None:
        super().__init__(scope, construct_id, description="Synthetic traffic through the API of the cars")
        self.prober_function = ServiceFunction(
            self,
            "Prober",
            description="Uses the service as customers, cars and planners do, every minute",
            code=CODE,
            handler="service.prober.runtime.handler.handle",
            timeout_seconds=55,
            memory_mib=512,
            environment={
                Setting.API_URL: api.url,
                Setting.FUNCTION_NAME: api_function.function_name,
                Setting.EVENT_FUNCTION_NAMES: ",".join(function.function_name for function in event_functions),
                Setting.TELEMETRY_STREAM_NAME: telemetry_stream.stream_name,
                Setting.MAINTENANCE_QUEUE_URL: maintenance_queue.queue_url,
                Setting.ALIAS_NAME: ALIAS_NAME,
                Setting.REQUESTS_PER_MINUTE: str(settings.requests_per_minute),
                Setting.REQUESTS_PER_MINUTE_AT_REST: str(settings.requests_per_minute_at_rest),
                Setting.EVENTS_PER_MINUTE: str(settings.events_per_minute),
                Setting.STAGE_NAME: settings.stage_name,
            },
            settings=settings,
        )
        _grant_invoke(self.prober_function, api_id=api_id, settings=settings)
        self.prober_function.function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["lambda:GetAlias"],
                resources=[function.function_arn for function in (api_function, *event_functions)],
            )
        )
        self.prober_function.function.add_to_role_policy(
            iam.PolicyStatement(actions=["kinesis:PutRecord"], resources=[telemetry_stream.stream_arn])
        )
        self.prober_function.function.add_to_role_policy(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[maintenance_queue.queue_arn])
        )
        self.prober_function.alias.configure_async_invoke(retry_attempts=0, max_event_age=cdk.Duration.minutes(1))
        every_minute = events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(cdk.Duration.minutes(1)),
            targets=[targets.LambdaFunction(self.prober_function.alias)],
        )
        exempt(
            every_minute, reason="A lost journey is no loss, the next comes in a minute; prober-heartbeat sees three."
        )
        heartbeat_alarm = monitoring.heartbeat_alarm(self, settings=settings, operators_topic=operators_topic)
        first_journeys = self._first_journeys(settings)
        self.prober_function.alias.node.add_dependency(first_journeys)
        heartbeat_alarm.node.add_dependency(first_journeys)

    def _first_journeys(self, settings: ServiceSettings) -> cdk.CustomResource:
        """Whatever changes the prober travels before the alias has it: a prober that cannot fails its stack.

        And before the alarm, or that would begin in ALARM: to it, no data is a dead prober.
        """
        function = ServiceFunction(
            self,
            "FirstJourneys",
            description="Lets what changes of the prober travel once, before it is scheduled",
            code=CODE,
            handler="service.prober.runtime.first_journeys.handle",
            timeout_seconds=480,
            memory_mib=256,
            environment={
                Setting.REQUESTS_PER_MINUTE: str(settings.requests_per_minute),
                Setting.EVENTS_PER_MINUTE: str(settings.events_per_minute),
            },
            settings=settings,
        )
        prober = self.prober_function
        function.function.add_to_role_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[f"{prober.function.function_arn}:*"])
        )
        own_stack = self.format_arn(service="cloudformation", resource="stack", resource_name=f"{self.stack_name}/*")
        function.function.add_to_role_policy(
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[own_stack])
        )
        acknowledge(
            function,
            {
                f"IAM5[Resource::<{resource_id(prober.function)}.Arn>:*]": "Any version of this one function.",
                f"IAM5[Resource::{own_stack}]": "This stack; CloudFormation chooses the end of its ARN.",
            },
        )
        first_journeys = cdk.CustomResource(
            self,
            "FirstJourneysDone",
            resource_type="Custom::FirstJourneys",
            service_token=function.function.function_arn,
            properties={
                "ProberVersion": prober.version.function_arn,
                "Permissions": _permissions(prober.function),
            },
            service_timeout=cdk.Duration.minutes(9),
        )
        first_journeys.node.add_dependency(function.function)
        return first_journeys


def _permissions(function: lambda_.Function) -> iam.PolicyDocument:
    """All that the function's role may do: a custom resource with this among its properties is updated when it changes.

    CloudFormation resolves what the document refers to.
    """
    assert function.role is not None
    policy = function.role.node.find_child("DefaultPolicy")
    assert isinstance(policy, iam.Policy)
    return policy.document


def _grant_invoke(prober: ServiceFunction, *, api_id: cdk.CfnOutput, settings: ServiceSettings) -> None:
    """It changes its own cars alone, and deletes what any test has left behind.

    The API's id is read as CDK's own references are, but by an output whose name is known: a finding has it in its own.
    """
    api_stack = cdk.Stack.of(api_id)
    routes = routes_of_tests(changes=(PROBE_PREFIX,), deletes=SYNTHETIC_PREFIXES)
    read_id = cdk.Fn.get_stack_output(api_stack.stack_name, api_stack.resolve(api_id.logical_id), api_stack.region)
    id_in_findings = json.dumps(api_stack.resolve(read_id), separators=(",", ":"))
    prober.function.add_to_role_policy(may_invoke(_arn_prefix(api_stack, read_id, settings), routes))
    acknowledge(prober, findings_of(routes, _arn_prefix(api_stack, id_in_findings, settings)))


def _arn_prefix(api_stack: cdk.Stack, api_id: str, settings: ServiceSettings) -> str:
    return f"arn:aws:execute-api:{api_stack.region}:{api_stack.account}:{api_id}/{settings.stage_name}"
