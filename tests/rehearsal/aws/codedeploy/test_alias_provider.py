from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.lambda_host.routing import Routing
from rehearsal.aws.resource import ResourceFailed, ResourceRequest
from rehearsal.run_events import DeploymentEnded, DeploymentStarted
from tests.rehearsal.aws.codedeploy.fakes import (
    ACCOUNT,
    ALIAS,
    EVIDENCE_HOOK,
    PRE_HOOK,
    REGION,
    World,
)

POLICY = {"CodeDeployLambdaAliasUpdate": {"ApplicationName": "cars", "DeploymentGroupName": "cars"}}


def request(
    version: str, *, old_version: str | None = None, policy: dict[str, Any] | None = None, **properties: Any
) -> ResourceRequest:
    base = {"FunctionName": "cars", "Name": "live"}
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="Staging-Api",
        stack_id="id",
        logical_id="Live",
        resource_type="AWS::Lambda::Alias",
        properties={**base, "FunctionVersion": version, **properties},
        old_properties={**base, "FunctionVersion": old_version} if old_version else {},
        physical_id=str(ALIAS) if old_version else None,
        update_policy=policy or {},
    )


def test_creating_an_alias_is_no_deployment_and_keeps_the_versions_code(world: World) -> None:
    world.aliases.routings.clear()

    result = world.provider.create(request("1", policy=POLICY))

    assert (result.physical_id, result.attributes) == (str(ALIAS), {"AliasArn": str(ALIAS)})
    assert world.aliases.routings == {ALIAS: Routing("1")}
    assert world.functions.snapshots == ["1"]
    assert world.functions.invoked == []
    assert world.codedeploy.deployments(ACCOUNT, REGION) == []
    assert [event.from_version for event in world.events(DeploymentStarted)] == [""]
    assert world.clock.seconds == 0


def test_creating_an_alias_that_is_there_fails(world: World) -> None:
    with pytest.raises(ResourceFailed, match="Alias already exists"):
        world.provider.create(request("1"))


def test_a_changed_version_without_an_update_policy_moves_the_alias_at_once(world: World) -> None:
    world.provider.update(request("2", old_version="1"))

    assert world.aliases.routings[ALIAS] == Routing("2")
    assert world.clock.seconds == 0


def test_a_changed_version_with_an_update_policy_is_a_deployment_with_the_policys_hooks(world: World) -> None:
    hooks = {PRE_HOOK: world.reporting("Succeeded"), EVIDENCE_HOOK: world.reporting("Succeeded")}
    world.functions.hooks = hooks
    names = {"BeforeAllowTrafficHook": "pre", "AfterAllowTrafficHook": EVIDENCE_HOOK}
    policy = {"CodeDeployLambdaAliasUpdate": {**POLICY["CodeDeployLambdaAliasUpdate"], **names}}

    world.provider.update(request("2", old_version="1", policy=policy))

    assert world.aliases.routings[ALIAS] == Routing("2")
    assert world.clock.seconds == 600
    assert [arn for arn, _, _ in world.functions.invoked] == [PRE_HOOK, EVIDENCE_HOOK]
    assert world.functions.snapshots == ["2"]


def test_an_unchanged_version_is_no_deployment(world: World) -> None:
    world.provider.update(request("1", old_version="1", policy=POLICY, Description="new words"))

    assert world.codedeploy.deployments(ACCOUNT, REGION) == []


def test_a_deployment_that_an_alarm_stops_fails_the_resource_and_cloudformations_way_back_is_at_once(
    world: World,
) -> None:
    world.clock.at(60, lambda: world.alarms.states.update(errors="ALARM"))

    with pytest.raises(ResourceFailed, match=r"CodeDeploy deployment d-\w+ stopped: .* Activated alarms: errors"):
        world.provider.update(request("2", old_version="1", policy=POLICY))
    seconds = world.clock.seconds
    world.provider.update(request("1", old_version="2", policy=POLICY))

    assert world.aliases.routings[ALIAS] == Routing("1")
    assert world.clock.seconds == seconds
    assert len(world.events(DeploymentEnded)) == 1


def test_a_way_back_after_a_deployment_that_succeeded_is_a_deployment_too(world: World) -> None:
    world.provider.update(request("2", old_version="1", policy=POLICY))
    world.stacks.rolling_back = True

    world.provider.update(request("1", old_version="2", policy=POLICY))

    assert world.aliases.routings[ALIAS] == Routing("1")
    assert world.clock.seconds == 1200
    latest_first = world.codedeploy.deployments(ACCOUNT, REGION)
    assert [deployment.creator for deployment in latest_first] == ["CloudFormationRollback", "CloudFormation"]


def test_a_renamed_alias_is_a_new_one_without_a_shift(world: World) -> None:
    result = world.provider.update(request("2", old_version="1", policy=POLICY, Name="current"))

    assert result.physical_id == str(ALIAS.unqualified.qualified("current"))
    assert world.aliases.routings[ALIAS] == Routing("1")
    assert world.codedeploy.deployments(ACCOUNT, REGION) == []


def test_a_group_that_is_not_there_fails_the_resource_by_its_name(world: World) -> None:
    policy = {"CodeDeployLambdaAliasUpdate": {"ApplicationName": "cars", "DeploymentGroupName": "trucks"}}

    with pytest.raises(ResourceFailed, match="No Deployment Group found for name: trucks"):
        world.provider.update(request("2", old_version="1", policy=policy))


def test_weights_in_the_template_are_given_to_the_alias(world: World) -> None:
    weights = [{"FunctionVersion": "2", "FunctionWeight": "0.25"}]

    world.provider.update(request("1", old_version="1", RoutingConfig={"AdditionalVersionWeights": weights}))

    assert world.aliases.routings[ALIAS] == Routing("1", {"2": 0.25})


def test_deleting_an_alias_twice_is_no_error(world: World) -> None:
    gone = request("1", old_version="1")

    world.provider.delete(gone)
    world.provider.delete(gone)

    assert world.aliases.routings == {}
