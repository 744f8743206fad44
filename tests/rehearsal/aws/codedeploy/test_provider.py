from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.codedeploy.deployment import RollbackEvent
from rehearsal.aws.codedeploy.deployment_config import Canary
from rehearsal.aws.codedeploy.errors import NotThere
from rehearsal.aws.codedeploy.provider import APPLICATION, CONFIG, GROUP, CodeDeployProvider
from rehearsal.aws.resource import ResourceFailed, ResourceRequest
from tests.rehearsal.aws.codedeploy.fakes import ACCOUNT, REGION, ROLE, World

CANARY = {"Type": "TimeBasedCanary", "TimeBasedCanary": {"CanaryInterval": "15", "CanaryPercentage": "5"}}
GROUP_PROPERTIES = {
    "ApplicationName": "cars",
    "ServiceRoleArn": ROLE,
    "AlarmConfiguration": {"Enabled": "true", "Alarms": [{"Name": "errors"}], "IgnorePollAlarmFailure": "false"},
    "AutoRollbackConfiguration": {"Enabled": "true", "Events": ["DEPLOYMENT_FAILURE"]},
}


@pytest.fixture
def provider(world: World) -> CodeDeployProvider:
    return CodeDeployProvider(world.codedeploy)


def request(kind: str, properties: dict[str, Any], *, old: dict[str, Any] | None = None, name: str = "") -> Any:
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="Prod-Api",
        stack_id="id",
        logical_id="Thing",
        resource_type=kind,
        properties=properties,
        old_properties=old or {},
        physical_id=name or None,
    )


def test_an_application_gets_a_name_of_its_stack_and_ref_gives_it(world: World, provider: CodeDeployProvider) -> None:
    result = provider.create(request(APPLICATION, {"ComputePlatform": "Lambda"}))

    assert result.physical_id.startswith("Prod-Api-Thing-")
    assert result.physical_id in world.codedeploy.applications(ACCOUNT, REGION)


def test_an_application_for_servers_is_refused_by_name(provider: CodeDeployProvider) -> None:
    with pytest.raises(ResourceFailed, match="Thing: the local CodeDeploy deploys to Lambda only, not to Server"):
        provider.create(request(APPLICATION, {}))


def test_a_group_is_read_with_the_strings_that_cloudformation_hands_over(
    world: World, provider: CodeDeployProvider
) -> None:
    name = provider.create(request(GROUP, GROUP_PROPERTIES)).physical_id

    group = world.codedeploy.group(ACCOUNT, REGION, "cars", name)
    assert (group.alarms, group.is_poll_failure_ignored) == (("errors",), False)
    assert group.rollback_events == {RollbackEvent.FAILURE}
    assert group.config_name == "CodeDeployDefault.LambdaAllAtOnce"


def test_alarms_that_are_not_enabled_do_not_watch(world: World, provider: CodeDeployProvider) -> None:
    disabled = {**GROUP_PROPERTIES, "AlarmConfiguration": {"Enabled": "false", "Alarms": [{"Name": "errors"}]}}

    name = provider.create(request(GROUP, disabled)).physical_id

    assert world.codedeploy.group(ACCOUNT, REGION, "cars", name).alarms == ()


def test_an_updated_group_keeps_its_name_and_a_moved_one_does_not(world: World, provider: CodeDeployProvider) -> None:
    name = provider.create(request(GROUP, GROUP_PROPERTIES)).physical_id
    changed = {**GROUP_PROPERTIES, "DeploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes"}
    world.codedeploy.create_application(ACCOUNT, REGION, "other")

    updated = provider.update(request(GROUP, changed, old=GROUP_PROPERTIES, name=name))
    moved = provider.update(request(GROUP, {**changed, "ApplicationName": "other"}, old=changed, name=name))

    assert updated.physical_id == name
    assert world.codedeploy.group(ACCOUNT, REGION, "cars", name).config_name.endswith("Canary10Percent5Minutes")
    assert moved.physical_id != name


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ApplicationName": "trucks"}, "No application found for name: trucks"),
        ({"DeploymentConfigName": "Mine"}, "No Deployment Configuration found for name: Mine"),
        ({"AlarmConfiguration": {"Alarms": [{"Name": f"a{n}"} for n in range(11)]}}, "has 11 alarms; 10 are allowed"),
        ({"AutoRollbackConfiguration": {"Enabled": "true", "Events": ["SOMETIMES"]}}, "SOMETIMES"),
    ],
)
def test_a_group_that_codedeploy_would_refuse_fails(
    provider: CodeDeployProvider, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ResourceFailed, match=words):
        provider.create(request(GROUP, {**GROUP_PROPERTIES, **changes}))


def test_a_configuration_is_replaced_when_it_changes_and_kept_while_used(
    world: World, provider: CodeDeployProvider
) -> None:
    properties = {"ComputePlatform": "Lambda", "TrafficRoutingConfig": CANARY}
    name = provider.create(request(CONFIG, properties)).physical_id
    provider.create(request(GROUP, {**GROUP_PROPERTIES, "DeploymentConfigName": name}))
    slower = {**CANARY, "TimeBasedCanary": {"CanaryInterval": "30", "CanaryPercentage": "5"}}

    other = provider.update(
        request(CONFIG, {**properties, "TrafficRoutingConfig": slower}, old=properties, name=name)
    ).physical_id

    assert world.codedeploy.config(ACCOUNT, REGION, name).routing == Canary(5, 15)
    assert world.codedeploy.config(ACCOUNT, REGION, other).routing == Canary(5, 30)
    with pytest.raises(ResourceFailed, match="is used by deployment group"):
        provider.delete(request(CONFIG, properties, name=name))


def test_deleting_is_no_error_when_all_is_gone(world: World, provider: CodeDeployProvider) -> None:
    for _ in range(2):
        provider.delete(request(GROUP, GROUP_PROPERTIES, name="cars"))
        provider.delete(request(APPLICATION, {"ComputePlatform": "Lambda"}, name="cars"))

    with pytest.raises(NotThere):
        world.codedeploy.application_id(ACCOUNT, REGION, "cars")
