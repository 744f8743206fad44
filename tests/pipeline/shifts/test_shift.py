"""A traffic shift is read from the shapes of CodeDeploy's API, and what put it back is found whoever did."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.shifts.shift import DeploymentStatus, Shift, put_back_at, released, shift_of
from tests.pipeline.executions.stories import BEGINNING, MINUTE
from tests.pipeline.shifts.stage import info, target

END = BEGINNING + 5 * MINUTE


def failed(**more: Any) -> Shift:
    told = info("d-1", "Stopped", BEGINNING, END, errorInformation={"code": "ALARM_ACTIVE", "message": "Rang."}, **more)
    return shift_of(told, target("6", "7", traffic_from=BEGINNING + MINUTE), stack="Prod-Api")


def back(
    name: str, *, created: datetime = END, status: str = "Succeeded", versions: tuple[str, str] = ("7", "6")
) -> Shift:
    told = info(name, status, created, created + MINUTE, creator="codeDeployRollback")
    return shift_of(told, target(*versions, traffic_from=created), stack="Prod-Api")


def test_shift_is_read_with_when_its_traffic_began_and_why_it_ended() -> None:
    shift = failed()

    assert (shift.function, shift.alias, shift.from_version, shift.to_version) == ("cars-api", "live", "6", "7")
    assert (shift.status, shift.is_over, shift.has_failed) == (DeploymentStatus.STOPPED, True, True)
    assert (shift.traffic_from, shift.ended_at) == (BEGINNING + MINUTE, END)
    assert (shift.error_code, shift.reason) == ("ALARM_ACTIVE", "Rang.")
    assert not shift.is_way_back


def test_hook_that_failed_is_named_and_its_version_never_got_traffic() -> None:
    told = target("6", "7", traffic_from=None, failed="BeforeAllowTraffic")

    shift = shift_of(info("d-1", "Failed", BEGINNING, END), told, stack="Prod-Api")

    assert (shift.failed_event, shift.traffic_from) == ("BeforeAllowTraffic", None)
    assert put_back_at(shift, [shift]) == END


@pytest.mark.parametrize("status", ["Pending", "Skipped"])
def test_traffic_that_was_not_moved_has_no_beginning_whatever_time_is_told(status: str) -> None:
    told = target("6", "7", traffic_from=BEGINNING)
    events = [
        {**each, "status": status} if each["lifecycleEventName"] == "AllowTraffic" else each
        for each in told["lifecycleEvents"]
    ]

    shift = shift_of(info("d-1", "Failed", BEGINNING, END), {**told, "lifecycleEvents": events}, stack="Prod-Api")

    assert shift.traffic_from is None


def test_where_codedeploy_tells_no_lifecycle_event_traffic_may_have_begun_with_the_deployment() -> None:
    told = {**target("6", "7", traffic_from=None), "lifecycleEvents": []}

    assert shift_of(info("d-1", "Failed", BEGINNING, END), told, stack="Prod-Api").traffic_from == BEGINNING


@pytest.mark.parametrize(
    ("creator", "more"),
    [
        ("codeDeployRollback", {}),
        ("CloudFormationRollback", {}),
        ("user", {"rollbackInfo": {"rollbackTriggeringDeploymentId": "d-1"}}),
    ],
)
def test_deployment_that_puts_another_back_is_known_as_one(creator: str, more: dict[str, Any]) -> None:
    told = info("d-2", "Succeeded", BEGINNING, END, creator=creator, **more)

    assert shift_of(told, target("7", "6", traffic_from=BEGINNING), stack="Prod-Api").is_way_back


def test_way_back_is_the_one_that_codedeploy_names_or_any_to_the_version_before() -> None:
    named = failed(rollbackInfo={"rollbackDeploymentId": "d-9"})

    assert put_back_at(failed(), [failed(), back("d-2")]) == END + MINUTE
    # CodeDeploy deploys again what it had deployed before, under whatever versions that one names
    assert put_back_at(named, [named, back("d-9", versions=("5", "6"))]) == END + MINUTE
    assert put_back_at(failed(), [failed(), back("d-3", created=END + MINUTE), back("d-2")]) == END + MINUTE


@pytest.mark.parametrize(
    "other",
    [
        back("d-2", status="Failed"),
        back("d-2", status="InProgress"),
        back("d-2", versions=("7", "5")),
        back("d-2", created=BEGINNING - timedelta(hours=1)),
    ],
)
def test_what_did_not_put_it_back_does_not_count(other: Shift) -> None:
    assert put_back_at(failed(), [failed(), other]) is None


def test_version_that_was_deployed_again_has_not_put_itself_back() -> None:
    again = back("d-1", versions=("6", "6"))

    assert put_back_at(again, [again]) is None


def test_what_a_person_put_back_is_not_released_and_what_is_tried_again_is() -> None:
    first, by_person = failed(), replace(back("d-2"), is_way_back=False)
    again = replace(failed(), deployment_id="d-3", created_at=END + 2 * MINUTE)
    by_codedeploy = back("d-4", created=END + 3 * MINUTE)

    assert released([again, by_codedeploy, by_person, first]) == [first, again]
