"""The shifts of failed changes are read until they have settled, and of nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from pipeline.executions.execution import execution_of
from pipeline.executions.failed_shifts import SETTLED, FailedShifts
from tests.pipeline.executions.stories import PROD, Narrator, detail, summary
from tests.pipeline.shifts.stage import FakeStage, info, refused, target


def narrated() -> Narrator:
    narrator = Narrator()
    narrator.released(10)
    narrator.fails_in_prod(10)
    return narrator


def stage_of(narrator: Narrator) -> FakeStage:
    """One deployment in the time of the failed release's action."""
    at = narrator.executions[-1].actions_of(PROD)[0].started_at + timedelta(minutes=1)
    return FakeStage([(info("d", "Stopped", at, at), target("6", "7", traffic_from=at))])


def test_shifts_of_failed_changes_are_read_again_until_they_have_settled() -> None:
    narrator = narrated()
    stage, (good, bad) = stage_of(narrator), narrator.executions
    memory = FailedShifts(stage.clients, PROD)

    for minutes, times in ((0, 1), (30, 2), (61, 3), (90, 3)):
        found = memory.of([good, bad], now=bad.updated_at + timedelta(minutes=minutes))
        assert [shift.deployment_id for shift in found[bad.id]] == ["d"]
        assert found.keys() == {bad.id}
        assert stage.asked == ["d"] * times
    assert timedelta(minutes=30) < SETTLED < timedelta(minutes=61)


def test_change_that_is_tried_again_hours_later_is_read_again() -> None:
    narrator = narrated()
    stage, bad = stage_of(narrator), narrator.executions[-1]
    memory = FailedShifts(stage.clients, PROD)
    memory.of([bad], now=bad.updated_at + 2 * SETTLED)
    again = replace(bad, updated_at=bad.updated_at + 5 * SETTLED)

    memory.of([again], now=again.updated_at + 2 * SETTLED)
    memory.of([again], now=again.updated_at + 3 * SETTLED)

    assert stage.asked == ["d", "d"]


def test_where_nothing_failed_nobody_is_asked() -> None:
    narrator = Narrator()
    narrator.released(10)
    stage = FakeStage(refuses=refused("AccessDenied"))

    assert FailedShifts(stage.clients, PROD).of(narrator.executions, now=narrator.now) == {}


def test_of_a_change_that_failed_before_anything_was_deployed_nobody_is_asked() -> None:
    """As one whose artifact is not what was approved."""
    began = Narrator().now
    refused_change = execution_of(
        summary("e", "Failed", began, began), [detail(PROD, "AsApproved", "Failed", began, began)]
    )
    memory = FailedShifts(FakeStage(refuses=refused("AccessDenied")).clients, PROD)

    assert memory.of([refused_change], now=began) == {}
    assert memory.problem == ""


class WithoutAStack(FakeStage):
    """The stack of the newest failed change is deleted, and CloudFormation does not know it."""

    def _list_stack_resources(self, *, StackName: str) -> dict[str, Any]:
        if not self.asked:
            self.asked.append("gone")
            raise refused("ValidationError", "Stack with id Prod-Api does not exist")
        return super()._list_stack_resources(StackName=StackName)


def test_change_of_a_stack_that_is_gone_does_not_hide_the_others() -> None:
    narrator = narrated()
    older = narrator.executions[-1]
    stage = WithoutAStack(stage_of(narrator).deployments)
    narrator.fails_in_prod(10)
    memory = FailedShifts(stage.clients, PROD)

    assert memory.of(narrator.executions, now=narrator.now).keys() == {older.id}
    assert "Stack with id Prod-Api does not exist" in memory.problem


def test_what_is_not_read_in_time_is_read_the_next_time() -> None:
    # given three failed changes, and an account that needs half a minute for each
    narrator = narrated()
    narrator.fails_in_prod(10)
    narrator.fails_in_prod(10)
    failed = [execution.id for execution in narrator.executions[1:]]
    seconds = iter(range(0, 1000, 30))
    memory = FailedShifts(FakeStage().clients, PROD, patience=timedelta(seconds=59), clock=lambda: float(next(seconds)))
    now = narrator.now + 2 * SETTLED

    # when, then: the newest first
    assert memory.of(narrator.executions, now=now).keys() == {failed[2]}
    assert memory.problem == ("CodeDeploy of Prod was not read in time: 2 failed changes are left for the next time")
    assert memory.of(narrator.executions, now=now).keys() == set(failed[1:])
    assert memory.of(narrator.executions, now=now).keys() == set(failed)
    assert memory.problem == ""


def test_account_that_does_not_answer_is_asked_once() -> None:
    class Unreachable(FakeStage):
        def _list_stack_resources(self, **_: str) -> dict[str, Any]:
            self.asked.append("stack")
            raise EndpointConnectionError(endpoint_url="https://cloudformation")

    narrator = narrated()
    narrator.fails_in_prod(10)
    stage = Unreachable()
    memory = FailedShifts(stage.clients, PROD)

    assert memory.of(narrator.executions, now=narrator.now) == {}
    assert stage.asked == ["stack"]
    assert memory.problem.startswith("CodeDeploy of Prod could not be read: Could not connect")


def test_account_that_refuses_is_logged_and_leaves_the_figures_to_codepipeline(
    caplog: pytest.LogCaptureFixture,
) -> None:
    narrator = narrated()
    stage = FakeStage(refuses=refused("AccessDenied", "not authorized"))

    memory = FailedShifts(stage.clients, PROD)
    assert memory.of(narrator.executions, now=narrator.now) == {}
    assert memory.problem.startswith("CodeDeploy of Prod could not be read: ")
    assert "not authorized" in memory.problem
    stage.refuses = None
    assert memory.of(narrator.executions, now=narrator.now).keys() == {narrator.executions[-1].id}
    assert memory.problem == ""
