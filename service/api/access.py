"""Who may call the API: two managed policies for its callers, and the role of the end-to-end tests.

Both policies name this API and stage, and nothing else. Who tests it may read every car, and change or delete those
alone whose ids begin as those of tests do. It must not let anybody past IAM.
"""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from service.acknowledgements import acknowledge, resource_id
from service.cars.car import E2E_PREFIX
from service.service_settings import ServiceSettings

Route = tuple[str, str]
"""Method and path, as an ARN of execute-api has them."""

OF_TESTS = "Every route is read; changed and deleted are cars of tests alone."


class CallerPolicies(Construct):
    """Give one to a role of this account: `CarsReader` may GET, `CarsEditor` may do all that the API offers."""

    def __init__(
        self, scope: Construct, construct_id: str, *, api: apigateway.RestApi, settings: ServiceSettings
    ) -> None:
        super().__init__(scope, construct_id)
        self.reader = _policy(self, "CarsReader", method="GET", api=api, settings=settings)
        self.editor = _policy(self, "CarsEditor", method="*", api=api, settings=settings)


def e2e_role(scope: Construct, *, api: apigateway.RestApi, settings: ServiceSettings) -> iam.Role:
    """May read cars, do everything with its own and hear of their events, report as a car does, and order maintenance.

    Only the role of the pipeline's own step may assume it.

    Stream and queues are named and not referred to: their stacks are no part of what the API needs.
    """
    role = iam.Role(
        scope,
        "E2eRole",
        role_name=settings.e2e_role_name,
        assumed_by=toolchain_role(settings, settings.e2e_caller_role_name),
        max_session_duration=cdk.Duration.hours(1),
    )
    stack = cdk.Stack.of(scope)
    routes = routes_of_tests(changes=(E2E_PREFIX,), deletes=(E2E_PREFIX,))
    role.add_to_policy(may_invoke(_arn_prefix(api.rest_api_id, api, settings), routes))
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["kinesis:PutRecord"],
            resources=[f"arn:aws:kinesis:{stack.region}:{stack.account}:stream/{settings.telemetry_stream_name}"],
        )
    )
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["sqs:GetQueueUrl", "sqs:SendMessage"],
            resources=[f"arn:aws:sqs:{stack.region}:{stack.account}:{settings.maintenance_queue_name}"],
        )
    )
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
            resources=[f"arn:aws:sqs:{stack.region}:{stack.account}:{settings.e2e_events_queue_name}"],
        )
    )
    acknowledge(role, findings_of(routes, _arn_prefix(f"<{resource_id(api)}>", api, settings)))
    return role


def toolchain_role(settings: ServiceSettings, *role_names: str) -> iam.IPrincipal:
    """These roles of the toolchain account, by name: as principals they would have to exist before this stage does."""
    role_arns = [f"arn:aws:iam::{settings.toolchain_account}:role/{name}" for name in role_names]
    return iam.AccountPrincipal(settings.toolchain_account).with_conditions(
        {"ArnEquals": {"aws:PrincipalArn": role_arns if len(role_arns) > 1 else role_arns[0]}}
    )


def routes_of_tests(*, changes: Sequence[str], deletes: Sequence[str]) -> Sequence[Route]:
    """All that there is to read, the creation of cars, and changes and deletions of those whose ids begin so."""
    changed = [(method, f"/cars/{prefix}*") for method in ("PUT", "PATCH") for prefix in changes]
    deleted = [("DELETE", f"/cars/{prefix}*") for prefix in deletes]
    return (("GET", "/*"), ("POST", "/cars"), *changed, *deleted)


def may_invoke(arn_prefix: str, routes: Sequence[Route]) -> iam.PolicyStatement:
    """`arn_prefix` is that of API and stage."""
    return iam.PolicyStatement(
        actions=["execute-api:Invoke"],
        resources=[f"{arn_prefix}/{method}{path}" for method, path in routes],
    )


def findings_of(routes: Sequence[Route], arn_prefix: str, reason: str = OF_TESTS) -> dict[str, str]:
    """What cdk-nag finds in the right to invoke them; `arn_prefix` is that of API and stage, as it spells it."""
    return {f"IAM5[Resource::{arn_prefix}/{method}{path}]": reason for method, path in routes if "*" in path}


def _policy(
    scope: Construct, construct_id: str, *, method: str, api: apigateway.RestApi, settings: ServiceSettings
) -> iam.ManagedPolicy:
    routes = [(method, "/*")]
    policy = iam.ManagedPolicy(
        scope,
        construct_id,
        description=f"{'Reads' if method == 'GET' else 'Reads and changes'} cars through their API",
        statements=[may_invoke(_arn_prefix(api.rest_api_id, api, settings), routes)],
    )
    reason = f"{'Every' if method == '*' else f'Each {method}'} route of this API and stage."
    acknowledge(policy, findings_of(routes, _arn_prefix(f"<{resource_id(api)}>", api, settings), reason))
    return policy


def _arn_prefix(api_id: str, api: apigateway.RestApi, settings: ServiceSettings) -> str:
    stack = cdk.Stack.of(api)
    return f"arn:aws:execute-api:{stack.region}:{stack.account}:{api_id}/{settings.stage_name}"
