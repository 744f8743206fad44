"""What a failed change harmed, from when until when: by its shifts where they alone had failed, else by the stage."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from pipeline.executions.execution import Execution, execution_of
from pipeline.executions.restoring import Harm, harm_of
from pipeline.shifts.shift import DeploymentStatus, Shift
from tests.pipeline.executions.stories import BEGINNING, MINUTE, PROD, detail, shift, summary, way_back_of

RESTORED = BEGINNING + 50 * MINUTE


def at(minutes: int) -> datetime:
    return BEGINNING + minutes * MINUTE


def change(*actions: tuple[str, str], status: str = "Failed") -> Execution:
    """Of (action, status) in prod, five minutes each."""
    details = [
        detail(PROD, name, of_action, at(5 * number), at(5 * number + 5))
        for number, (name, of_action) in enumerate(actions)
    ]
    return execution_of(summary("e", status, BEGINNING, at(40)), details)


def harm(known: Execution, *shifts: Shift, restored_at: datetime | None = RESTORED) -> Harm:
    return harm_of(known, stage=PROD, shifts=shifts, deployed_at=BEGINNING, restored_at=restored_at)


def halted(**more: Any) -> Shift:
    return shift("d-1", DeploymentStatus.STOPPED, at(10), at(15), **more)


CANARY_FAILED = change(("Api.Deploy", "Failed"))
PUT_BACK = way_back_of(halted(), DeploymentStatus.SUCCEEDED, at(16), at(20))


def test_harm_of_a_shift_is_over_when_the_way_back_that_went_well_is() -> None:
    """The first one had failed; it is none of the change's own."""
    tried = replace(PUT_BACK, deployment_id="d-2", status=DeploymentStatus.STOPPED, ended_at=at(15))

    assert harm(CANARY_FAILED, halted(), tried, PUT_BACK) == Harm(began_at=at(10), ended_at=at(20))


def test_harm_begins_with_the_shift_that_failed_not_with_one_that_was_good() -> None:
    good = shift("d-0", DeploymentStatus.SUCCEEDED, at(2), at(4), stack=f"{PROD}-Changes", function="changes")

    assert harm(CANARY_FAILED, good, halted(), PUT_BACK) == Harm(began_at=at(10), ended_at=at(20))


def test_stage_that_was_right_again_before_the_way_back_was_over_ends_it() -> None:
    assert harm(CANARY_FAILED, halted(), PUT_BACK, restored_at=at(18)).ended_at == at(18)


def test_what_nobody_put_back_goes_on_until_the_stage_is_right_again() -> None:
    assert harm(CANARY_FAILED, halted()).ended_at == RESTORED
    assert harm(CANARY_FAILED, halted(), restored_at=None).ended_at is None


@pytest.mark.parametrize(
    "known",
    [
        change(("Api.Deploy", "Failed"), status="Stopped"),
        change(("Api.Deploy", "Failed"), ("Api.Deploy", "Succeeded")),
        change(("Database.Deploy", "Failed")),
        change(("Api.Deploy", "Failed"), ("EndToEnd", "Failed")),
    ],
    ids=["stopped by a person", "failed by a condition", "by another stack", "by its tests, too"],
)
def test_change_that_may_have_failed_by_more_is_over_with_the_stage(known: Execution) -> None:
    assert harm(known, halted(), PUT_BACK) == Harm(began_at=at(10), ended_at=RESTORED)


def test_action_that_went_well_when_it_was_retried_has_not_failed_the_change() -> None:
    known = change(("Database.Deploy", "Failed"), ("Database.Deploy", "Succeeded"), ("Api.Deploy", "Failed"))

    assert harm(known, halted(), PUT_BACK).ended_at == at(20)


def test_change_without_a_shift_harms_since_it_was_deployed() -> None:
    assert harm(change(("EndToEnd", "Failed"))) == Harm(began_at=BEGINNING, ended_at=RESTORED)
