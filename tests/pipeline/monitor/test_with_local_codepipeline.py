"""The monitor over the local run's CodePipeline: each event as it comes, and all of them late, twice, out of order."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.executions.record import Record
from pipeline.monitor.runtime.gauges import delivery_gauges, state_gauges
from pipeline.monitor.runtime.news import Message, news_of
from pipeline.monitor.runtime.settings import Metric
from pipeline.names import PROD, SELF_MUTATION
from rehearsal.aws.eventbridge.service_events import ServiceEvent
from rehearsal.codepipeline.deployed_pipeline import PipelineStore
from rehearsal.codepipeline.state_changes import StateChanges
from tests.assembly import Template
from tests.pipeline.event_pattern import matches
from tests.pipeline.monitor.test_news import PLACE
from tests.pipeline.release.test_cli import Releasing


class Monitored(Releasing):
    """`rules` are the patterns of the monitor's rules; `told` is what was news when its event came."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rules: list[Any]
    ) -> None:
        super().__init__(home, monkeypatch, capsys)
        self._rules = rules
        self.events: list[dict[str, Any]] = []
        self.told: list[str] = []
        store = PipelineStore()
        store.add(self.world.pipeline)
        self.world.bench.cloud.event_log.subscribe(StateChanges(store, self._hear))

    def _hear(self, event: ServiceEvent) -> None:
        happened = {
            "source": event.source,
            "detail-type": event.detail_type,
            "region": event.region,
            "resources": list(event.resources),
            "detail": dict(event.detail),
        }
        if any(matches(pattern, happened) for pattern in self._rules):
            self.events.append(happened)
            if (message := self.news(happened)) is not None:
                self.told.append(message.subject)

    def news(self, event: dict[str, Any]) -> Message | None:
        record = Record(self.client, "release")  # type: ignore[arg-type]
        execution = record.find(event["detail"]["execution-id"], since=datetime.now(UTC) - timedelta(days=1))
        return news_of(event, execution, dataclasses.replace(PLACE, pipeline="release"))

    def gauges(self) -> dict[Metric, float]:
        now = datetime.now(UTC)
        executions = Record(self.client, "release").since(now - timedelta(days=1))  # type: ignore[arg-type]
        state = self.client.get_pipeline_state(name="release")
        return {
            **delivery_gauges(executions, prod_stage=PROD, now=now),
            **state_gauges(state, self_mutation_stage=SELF_MUTATION, now=now),
        }


@pytest.fixture
def monitored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], template: Template
) -> Iterator[Monitored]:
    rules = [rule["Properties"] for rule in template.of_type("AWS::Events::Rule").values()]
    patterns = [rule.get("EventPattern") for rule in rules if "EventBusName" not in rule]
    of_this_pipeline = [
        {**pattern, "detail": {**pattern["detail"], "pipeline": ["release"]}} for pattern in patterns if pattern
    ]
    made = Monitored(tmp_path, monkeypatch, capsys, of_this_pipeline)
    yield made
    made.world.bench.engine.stop()
    made.settle()


def test_releases_are_told_as_they_go_and_counted_right_however_their_events_come(monitored: Monitored) -> None:
    # given one that is released, one that fails in prod and is taken back, one that is rejected, one that waits
    monitored.released("c1", "bad")
    assert monitored.run("rollback", "--yes")[0] == 0
    monitored.until_idle()
    monitored.push("c3")
    assert monitored.answer("reject", "--reason", "Not on a Friday")[0] == 0
    monitored.settle()
    monitored.push("c4")

    # then each was told once
    assert monitored.told == [
        "Waits for approval: c1 c1",
        "Released: c1 c1",
        "Waits for approval: bad bad",
        "Stopped in Prod by e2e: bad bad",
        "Prod was rolled back to c1 c1",
        "Waits for approval: c3 c3",
        "Not approved: c3 c3",
        "Waits for approval: c4 c4",
    ]

    # and late, twice and in another order the same is told, but for the questions that are closed
    late = monitored.events * 2
    random.Random(7).shuffle(late)
    subjects = [message.subject for event in late if (message := monitored.news(event)) is not None]
    closed = [subject for subject in monitored.told[:-1] if subject.startswith("Waits")]
    assert set(subjects) == set(monitored.told) - set(closed)
    assert len(subjects) == 2 * len(set(subjects))

    # and the figures are those of one release and one failure that was restored
    gauges = monitored.gauges()
    assert gauges[Metric.CHANGE_FAILURE_RATE] == 50
    assert gauges[Metric.DEPLOYMENTS_PER_WEEK] == pytest.approx(7 / 30)
    assert gauges[Metric.TIME_TO_RESTORE] > 0
    assert gauges[Metric.APPROVAL_WAITING] > 0
