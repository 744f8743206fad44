"""How a new version of a function gets its traffic: a canary under alarms that see only the new version, and two hooks.

CloudFormation starts the CodeDeploy deployment when the alias's version changes, waits for it, and rolls the stack back
when it fails ("UpdatePolicy attribute", CodeDeployLambdaAliasUpdate). Nothing here may refer to the alias: the alias
depends on all of this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from service.acknowledgements import acknowledge, resource_id
from service.cars.settings import Setting
from service.function import ALIAS_NAME, ServiceFunction
from service.release.alarms import new_version_alarms
from service.release.canary import Canary
from service.release.way_back import canary_unless_way_back
from service.service_settings import ServiceSettings

HOOK_TIMEOUT_SECONDS = 600
"""Below Lambda's 900 s, far below the 3600 s after which CodeDeploy gives a silent hook up."""


@dataclass(frozen=True, kw_only=True)
class SampleEvent:
    """One event as the function's source sends it, of a car that does not exist, and what the function must answer.

    Both reach the hook in its environment, which has room for 4 kB.
    """

    event: Mapping[str, Any]
    answer: Mapping[str, Any]

    def environment(self) -> dict[str, str]:
        return {
            Setting.SAMPLE_EVENT: _compact(self.event),
            Setting.EXPECTED_ANSWER: _compact(self.answer),
        }


def _by_route(canary: Canary, routes: Sequence[str]) -> dict[str, str]:
    return {
        Setting.ROUTES: _compact(list(routes)),
        Setting.CHANCE_OF_A_ROUTE: _compact(asdict(canary.chance_of_a_route)),
    }


def _compact(value: object) -> str:
    """As JSON without spaces: the whole environment of a function has room for 4 kB."""
    return json.dumps(value, separators=(",", ":"))


def add_canary(
    scope: Construct,
    *,
    released: ServiceFunction,
    canary: Canary,
    sample: SampleEvent | None,
    counts_intake: bool = False,
    routes: Sequence[str] = (),
    settings: ServiceSettings,
) -> None:
    """How every unit's alias gets a new version. In a sandbox there are none: the alias is what was last deployed.

    `sample` is for a function that events invoke; None is for the API's, whose routes are exercised. `counts_intake`
    is for one that sets malformed items aside instead of failing: it calls `count_intake` (service/cars/intake.py).
    `routes` are for one that counts its calls by them (service/cars/route_faults.py): each is judged by itself.
    """
    if not settings.is_sandbox:
        CanaryRelease(
            scope,
            "Release",
            released=released,
            canary=canary,
            sample=sample,
            counts_intake=counts_intake,
            routes=routes,
            settings=settings,
        )


def _traffic_routing(canary: Canary) -> codedeploy.TrafficRouting:
    interval = cdk.Duration.minutes(canary.minutes)
    if canary.is_linear:
        return codedeploy.TrafficRouting.time_based_linear(interval=interval, percentage=canary.percent)
    return codedeploy.TrafficRouting.time_based_canary(interval=interval, percentage=canary.percent)


class CanaryRelease(Construct):
    """The deployment group of `released`'s alias, its alarms, and the hooks before and after the shift.

    Before: the new version is exercised, and nobody gets it. After: the evidence that the canary proved something.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        released: ServiceFunction,
        canary: Canary,
        sample: SampleEvent | None,
        counts_intake: bool,
        routes: Sequence[str],
        settings: ServiceSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        self.pre_traffic_hook = self._hook(
            "PreTraffic",
            handler="service.release.runtime.pre_traffic" + (".handle" if sample is None else "_event.handle"),
            description="Exercises exactly the new version, before it gets traffic",
            environment={
                Setting.VERSION_ARN: released.version.function_arn,
                **({} if sample is None else sample.environment()),
            },
            settings=settings,
        )
        self.evidence_hook = self._hook(
            "Evidence",
            handler="service.release.runtime.evidence" + ("_by_route.handle" if routes else ".handle"),
            description="Fails a release whose new version was called too few times, or failed",
            environment={
                Setting.FUNCTION_NAME: released.function.function_name,
                Setting.FUNCTION_VERSION: released.version.version,
                Setting.ALIAS_NAME: ALIAS_NAME,
                Setting.MINIMUM_CALLS: str(canary.minimum_calls),
                Setting.CHANCE: _compact(asdict(canary.chance_in_all)),
                **(_by_route(canary, routes) if routes else {}),
            },
            settings=settings,
        )
        self.deployment_group = codedeploy.LambdaDeploymentGroup(
            self,
            "DeploymentGroup",
            alias=released.alias,
            deployment_config=codedeploy.LambdaDeploymentConfig(
                self,
                "DeploymentConfig",
                traffic_routing=_traffic_routing(canary),
            ),
            alarms=new_version_alarms(self, released=released, canary=canary, counts_intake=counts_intake),
            pre_hook=self.pre_traffic_hook.function,
            post_hook=self.evidence_hook.function,
            auto_rollback=codedeploy.AutoRollbackConfig(
                failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
            ),
            ignore_alarm_configuration=False,
            ignore_poll_alarms_failure=False,
        )
        canary_unless_way_back(released.alias, self.deployment_group)
        self._grant(released)
        self._acknowledge(released)
        released.alias.node.add_dependency(
            self.deployment_group.role, self.pre_traffic_hook.function, self.evidence_hook.function
        )

    def _hook(
        self,
        construct_id: str,
        *,
        handler: str,
        description: str,
        environment: dict[str, str],
        settings: ServiceSettings,
    ) -> ServiceFunction:
        return ServiceFunction(
            self,
            construct_id,
            description=description,
            code=("service/release/runtime", "service/cars"),
            handler=handler,
            timeout_seconds=HOOK_TIMEOUT_SECONDS,
            memory_mib=512,
            environment=environment,
            settings=settings,
        )

    def _grant(self, released: ServiceFunction) -> None:
        """`:*` and not the version's ARN: a policy that changes with every release would race its own first use."""
        self.pre_traffic_hook.function.add_to_role_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[f"{released.function.function_arn}:*"])
        )
        self.evidence_hook.function.add_to_role_policy(
            iam.PolicyStatement(actions=["cloudwatch:GetMetricData"], resources=["*"])
        )
        for hook in (self.pre_traffic_hook, self.evidence_hook):
            hook.function.add_to_role_policy(
                iam.PolicyStatement(
                    actions=["codedeploy:GetDeployment"], resources=[self.deployment_group.deployment_group_arn]
                )
            )
            self.deployment_group.grant_put_lifecycle_event_hook_execution_status(hook.function)

    def _acknowledge(self, released: ServiceFunction) -> None:
        acknowledge(
            self.pre_traffic_hook,
            {f"IAM5[Resource::<{resource_id(released.function)}.Arn>:*]": "Any version of this one function."},
        )
        hooks = (self.pre_traffic_hook, self.evidence_hook)
        acknowledge(
            self.deployment_group,
            {
                "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]": (
                    "CDK attaches what AWS made for CodeDeploy and Lambda; it may invoke no function but ours."
                ),
                **{
                    f"IAM5[Resource::<{resource_id(hook.function)}.Arn>:*]": "CDK's grant: the hook, in any version."
                    for hook in hooks
                },
            },
        )
