"""Of a release that deployed nothing no stage is asked."""

from __future__ import annotations

from pipeline.monitor.runtime.gathering import impacts_of
from pipeline.monitor.runtime.news import NO_IMPACTS
from tests.pipeline.executions.stories import PROD, Narrator
from tests.pipeline.shifts.stage import FakeStage, refused


def test_execution_that_deployed_nothing_asks_nobody() -> None:
    narrator = Narrator()
    narrator.fails_in_build(10)
    stage = FakeStage(refuses=refused("AccessDenied"))

    assert impacts_of(narrator.executions[-1], [], {PROD: stage.clients}, now=narrator.now) is NO_IMPACTS
