"""Staging's traffic shifts: the one to the version that staging has now, with its traffic and its alarms."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from pipeline.evidence.runtime.canary import Clients, canary
from pipeline.evidence.runtime.model import GONE, Alarm, Canary
from pipeline.evidence.runtime.verdict import new_version, problem_of, unwatched_by
from tests.pipeline.evidence.example import TEMPLATE
from tests.pipeline.evidence.fakes import FakeCloudFormation, FakeCloudWatch, FakeCodeDeploy

PHYSICAL = {
    "Version1": "arn:aws:lambda:eu-west-1:222222222222:function:cars-api:7",
    "Application": "app",
    "Group": "group",
}


def found(
    deployments: Mapping[str, tuple[str, str]],
    *,
    cloudwatch: FakeCloudWatch | None = None,
    physical: Mapping[str, str] = PHYSICAL,
) -> Canary:
    clients = Clients(
        FakeCloudFormation(physical=physical), FakeCodeDeploy(deployments), cloudwatch or FakeCloudWatch()
    )
    return canary(clients, {"Staging-Api": TEMPLATE}, wanted={"Staging-Api": "Function"})


def test_shift_to_the_version_that_staging_has_is_told_with_its_traffic() -> None:
    (deployment,) = found({"d-1": ("Succeeded", "6"), "d-2": ("Succeeded", "7")}).deployments
    assert (deployment.deployment_id, deployment.from_version, deployment.to_version) == ("d-2", "6", "7")
    assert deployment.minutes[0] == "2026-11-30T10:00:00+00:00"
    old, new = deployment.traffic
    assert (old.invocations, new.invocations) == ((90, 90, 90), (None, 10, 10))
    assert (new_version(deployment, "invocations"), problem_of(deployment)) == (20, None)


def test_shift_of_an_earlier_execution_proves_a_version_that_this_one_did_not_change() -> None:
    (deployment,) = found({"d-1": ("Succeeded", "7")}).deployments
    assert deployment.deployment_id == "d-1"


def test_newest_shift_is_found_among_more_than_are_told_at_once() -> None:
    many = {f"d-{number}": ("Succeeded", str(number)) for number in range(1, 31)} | {"d-31": ("Succeeded", "7")}
    (deployment,) = found(many).deployments
    assert deployment.deployment_id == "d-31"


def test_failed_shift_and_alarm_that_went_off_are_problems() -> None:
    (stopped,) = found({"d-1": ("Stopped", "7")}).deployments
    (rang,) = found({"d-1": ("Succeeded", "7")}, cloudwatch=FakeCloudWatch(went_off=True)).deployments
    assert problem_of(stopped) == "Stopped. An alarm is active."
    assert problem_of(rang) == "errors went off."


def test_shift_that_no_alarm_is_known_to_have_watched_is_said() -> None:
    (watched,) = found({"d-1": ("Succeeded", "7")}).deployments
    gone = dataclasses.replace(watched, alarms=(*watched.alarms, Alarm("slow", GONE, False)))
    assert unwatched_by(watched) is None
    assert unwatched_by(dataclasses.replace(watched, alarms=())) == "was watched by no alarm."
    assert unwatched_by(gone) == "has alarms that are gone by now, slow: nobody knows whether they went off."


def test_version_without_a_shift_is_said_to_have_none() -> None:
    assert found({}).without == {
        "Staging-Api/Function": "No traffic was shifted to version 7: it was the first of its alias."
    }


def test_staging_that_runs_something_else_by_now_is_said_to() -> None:
    physical = {**PHYSICAL, "Version2": PHYSICAL["Version1"]}
    del physical["Version1"]
    (reason,) = found({"d-1": ("Succeeded", "7")}, physical=physical).without.values()
    assert reason == "Stack Staging-Api has no Version1: staging runs something else by now."


def test_functions_of_which_prod_gets_no_new_version_are_left_out() -> None:
    clients = Clients(FakeCloudFormation(), FakeCodeDeploy({}), FakeCloudWatch())
    assert canary(clients, {"Staging-Api": TEMPLATE}, wanted={}) == Canary((), {})
