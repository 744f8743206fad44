"""Who may call the API: two managed policies for its callers, and the role of the end-to-end tests.

Both policies name this API and stage, and nothing else. Who tests it may read every car, and change or delete those
alone whose ids begin as those of tests do. It must not let anybody past IAM.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from service.acknowledgements import acknowledge, resource_id
from service.cars.car import E2E_PREFIX
from service.service_settings import ServiceSettings


class CallerPolicies(Construct):
    """Give one to a role of this account: `CarsReader` may GET, `CarsEditor` may do all that the API offers."""

    def __init__(
        self, scope: Construct, construct_id: str, *, api: apigateway.RestApi, settings: ServiceSettings
    ) -> None:
        super().__init__(scope, construct_id)
        self.reader = _policy(self, "CarsReader", method="GET", api=api, settings=settings)
        self.editor = _policy(self, "CarsEditor", method="*", api=api, settings=settings)


def e2e_role(scope: Construct, *, api: apigateway.RestApi, settings: ServiceSettings) -> iam.Role:
    """May read cars, do everything with its own, report as a car does, and order maintenance.

    Only the pipeline's own roles may assume it.

    Stream and queue are named and not referred to: their stacks are no part of what the API needs.
    """
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
    stack = cdk.Stack.of(scope)
    role.add_to_policy(may_go_through(api, changes=(E2E_PREFIX,), deletes=(E2E_PREFIX,), settings=settings))
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
    acknowledge(role, own_cars_only(_arn_prefix(api, settings), changes=(E2E_PREFIX,), deletes=(E2E_PREFIX,)))
    return role


def may_go_through(
    api: apigateway.RestApi, *, changes: Sequence[str], deletes: Sequence[str], settings: ServiceSettings
) -> iam.PolicyStatement:
    """The right to read all there is, to create cars, and to change and delete those whose ids begin so."""
    return iam.PolicyStatement(
        actions=["execute-api:Invoke"],
        resources=[
            api.arn_for_execute_api(method, path, settings.stage_name) for method, path in _routes(changes, deletes)
        ],
    )


def own_cars_only(arn_prefix: str, *, changes: Sequence[str], deletes: Sequence[str]) -> dict[str, str]:
    """What cdk-nag finds in `may_go_through`, with the reason; `arn_prefix` is of API and stage, as it spells it."""
    reason = "Every route is read; changed and deleted are cars of tests alone."
    return {
        f"IAM5[Resource::{arn_prefix}/{method}{path}]": reason
        for method, path in _routes(changes, deletes)
        if "*" in path
    }


def _routes(changes: Sequence[str], deletes: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from (("GET", "/*"), ("POST", "/cars"))
    yield from ((method, f"/cars/{prefix}*") for method in ("PUT", "PATCH") for prefix in changes)
    yield from (("DELETE", f"/cars/{prefix}*") for prefix in deletes)


def _policy(
    scope: Construct, construct_id: str, *, method: str, api: apigateway.RestApi, settings: ServiceSettings
) -> iam.ManagedPolicy:
    policy = iam.ManagedPolicy(
        scope,
        construct_id,
        description=f"{'Reads' if method == 'GET' else 'Reads and changes'} cars through their API",
        statements=[_may_invoke(api, method=method, settings=settings)],
    )
    acknowledge(policy, _every_route(api, method=method, settings=settings))
    return policy


def _may_invoke(api: apigateway.RestApi, *, method: str, settings: ServiceSettings) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["execute-api:Invoke"], resources=[api.arn_for_execute_api(method, "/*", settings.stage_name)]
    )


def _every_route(api: apigateway.RestApi, *, method: str, settings: ServiceSettings) -> dict[str, str]:
    arn = f"{_arn_prefix(api, settings)}/{method}/*"
    return {f"IAM5[Resource::{arn}]": f"{'Every' if method == '*' else f'Each {method}'} route of this API and stage."}


def _arn_prefix(api: apigateway.RestApi, settings: ServiceSettings) -> str:
    stack = cdk.Stack.of(api)
    return f"arn:aws:execute-api:{stack.region}:{stack.account}:<{resource_id(api)}>/{settings.stage_name}"
