"""The shifts of failed changes are read until they have settled, and of nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.executions.failed_shifts import SETTLED, FailedShifts
from tests.pipeline.executions.stories import PROD, Narrator
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


def test_where_nothing_failed_nobody_is_asked() -> None:
    narrator = Narrator()
    narrator.released(10)
    stage = FakeStage(refuses=refused("AccessDenied"))

    assert FailedShifts(stage.clients, PROD).of(narrator.executions, now=narrator.now) == {}


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
