"""EventBridge hears each change of a deployment's state once, in the shape of CodeDeploy's own example."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.aws.codedeploy.fakes import ACCOUNT, EVIDENCE_HOOK, PRE_HOOK, REGION, World, shift
from tests.synthesis import ROOT


def told(world: World) -> list[tuple[str, Any]]:
    return [(event.detail["deploymentId"], event.detail["state"]) for event in world.told]


def test_event_has_what_codedeploys_own_has(world: World) -> None:
    example = json.loads((ROOT / "tests" / "events" / "codedeploy-deployment-stopped.json").read_text())

    deployment = world.codedeploy.deploy(world.group(), shift())

    event = world.told[0]
    assert (event.account, event.region, event.source) == (ACCOUNT, REGION, example["source"])
    assert event.detail_type == example["detail-type"]
    assert event.detail.keys() == example["detail"].keys()
    assert event.detail == {
        "instanceGroupId": "id",
        "region": REGION,
        "application": "cars",
        "deploymentId": deployment.deployment_id,
        "state": "START",
        "deploymentGroup": "cars",
    }
    assert list(event.resources) == [
        f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:application:cars",
        f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:deploymentgroup:cars/cars",
    ]


def test_deployment_that_goes_well_is_told_twice(world: World) -> None:
    deployment = world.codedeploy.deploy(world.group(), shift())

    assert told(world) == [(deployment.deployment_id, "START"), (deployment.deployment_id, "SUCCESS")]


def test_one_that_an_alarm_stops_is_told_and_so_is_what_puts_it_back(world: World) -> None:
    world.clock.at(100, lambda: world.alarms.states.update(errors="ALARM"))

    deployment = world.codedeploy.deploy(world.group(), shift())

    back = str(deployment.rolled_back_by)
    assert told(world) == [
        (deployment.deployment_id, "START"),
        (deployment.deployment_id, "STOP"),
        (back, "START"),
        (back, "SUCCESS"),
    ]


@pytest.mark.parametrize(("hook", "backs"), [("before_hook", 0), ("after_hook", 1)])
def test_one_that_a_hook_fails_is_a_failure(world: World, hook: str, backs: int) -> None:
    arn = PRE_HOOK if hook == "before_hook" else EVIDENCE_HOOK
    world.functions.hooks = {arn: world.reporting("Failed")}

    deployment = world.codedeploy.deploy(world.group(), shift(**{hook: arn}))

    assert told(world)[:2] == [(deployment.deployment_id, "START"), (deployment.deployment_id, "FAILURE")]
    assert [state for _, state in told(world)[2:]] == ["START", "FAILURE"] * backs
