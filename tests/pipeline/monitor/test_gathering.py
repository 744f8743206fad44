"""A stage is asked for what a release did in it, and for what a rollback has undone: of what deployed nothing, none."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pipeline.executions.execution import Execution, execution_of
from pipeline.monitor.runtime.gathering import impacts_of
from pipeline.monitor.runtime.news import NO_IMPACTS
from tests.pipeline.executions.stories import BEGINNING, MINUTE, PROD, Narrator, detail, summary
from tests.pipeline.shifts.stage import FakeStage, info, refused, target


def test_execution_that_deployed_nothing_asks_nobody() -> None:
    narrator = Narrator()
    narrator.fails_in_build(10)
    stage = FakeStage(refuses=refused("AccessDenied"))

    assert impacts_of(narrator.executions[-1], [], {PROD: stage.clients}, now=narrator.now) is NO_IMPACTS


def in_prod(name: str, began: datetime, status: str, kind: str) -> Execution:
    told = summary(name, status, began, began + 9 * MINUTE, executionType=kind)
    return execution_of(told, [detail(PROD, "Api.Deploy", status, began, began + 5 * MINUTE)])


@pytest.mark.parametrize(("first_status", "undone"), [("Succeeded", None), ("Failed", 1)])
def test_second_rollback_has_undone_only_what_the_first_had_not(first_status: str, undone: int | None) -> None:
    """Between two rollbacks that went well the release had no traffic: the calls of these days are not its own."""
    # given
    release = in_prod("bad", BEGINNING, "Failed", "STANDARD")
    first = in_prod("r-1", BEGINNING + timedelta(hours=1), first_status, "ROLLBACK")
    second = in_prod("r-2", BEGINNING + timedelta(days=2), "Succeeded", "ROLLBACK")
    shifted = info("d-1", "Succeeded", BEGINNING + MINUTE, BEGINNING + 2 * MINUTE)
    stage = FakeStage([(shifted, target("6", "7", traffic_from=BEGINNING + MINUTE))])

    # when
    found = impacts_of(second, [second, first, release], {PROD: stage.clients}, now=BEGINNING + timedelta(days=3))

    # then
    assert (len(found.undone.shifts) if found.undone is not None else None) == undone
