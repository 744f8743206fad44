"""The events of CodePipeline: their states and fields are those of its documentation, and of events that were kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.eventbridge.service_events import ServiceEvent
from rehearsal.codepipeline.definition import ConditionResult, OnFailure, StageDeclaration
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline, PipelineStore
from rehearsal.codepipeline.state_changes import StateChanges
from rehearsal.errors import EngineError
from tests.rehearsal.codepipeline.fake_cloud import (
    ACCOUNT,
    REGION,
    Bench,
    action,
    deploy_stage,
    deployed,
    fails,
    fails_when,
    source_stage,
)

APPROVE = StageDeclaration(name="Approve", actions=(action("Ask", category="Approval", provider="Manual"),))


def heard(bench: Bench, pipeline: DeployedPipeline) -> list[ServiceEvent]:
    """What is told from now on."""
    told: list[ServiceEvent] = []
    store = PipelineStore()
    store.add(pipeline)
    bench.cloud.event_log.subscribe(StateChanges(store, told.append))
    return told


def line(event: ServiceEvent) -> str:
    """`Stage Prod STARTED`"""
    what = event.detail_type.removeprefix("CodePipeline ").removesuffix(" Execution State Change")
    named = [event.detail[key] for key in ("stage", "action") if key in event.detail]
    return " ".join([what, *named, event.detail["state"]])


def test_every_change_is_told_in_its_order(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    pipeline = deployed(source_stage(), APPROVE)
    told = heard(bench, pipeline)

    bench.release(pipeline)

    assert [line(event) for event in told] == [
        "Pipeline STARTED",
        "Stage Source STARTED",
        "Action Source Commit STARTED",
        "Action Source Commit SUCCEEDED",
        "Stage Source SUCCEEDED",
        "Stage Approve STARTED",
        "Action Approve Ask STARTED",
        "Action Approve Ask SUCCEEDED",
        "Stage Approve SUCCEEDED",
        "Pipeline SUCCEEDED",
    ]
    assert {(event.account, event.region, event.source) for event in told} == {(ACCOUNT, REGION, "aws.codepipeline")}
    assert {tuple(event.resources) for event in told} == {(pipeline.arn,)}


def test_action_is_told_with_its_type_and_why_it_failed(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, {"Approve/Ask": fails("Rejected.")})
    pipeline = deployed(source_stage(), APPROVE)
    told = heard(bench, pipeline)

    execution = bench.release(pipeline)

    (failed,) = [event.detail for event in told if line(event) == "Action Approve Ask FAILED"]
    record = execution.stage("Approve").actions[0]
    assert failed["type"] == {"owner": "AWS", "provider": "Manual", "category": "Approval", "version": "1"}
    assert failed["execution-result"] == {"external-execution-summary": "Rejected."}
    assert (failed["execution-id"], failed["action-execution-id"]) == (execution.id, record.id)
    assert (failed["pipeline"], failed["version"], failed["pipeline-execution-attempt"]) == ("release", 1.0, 1.0)
    assert [line(event) for event in told][-2:] == ["Stage Approve FAILED", "Pipeline FAILED"]


def test_rollback_is_an_execution_that_says_what_started_it(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, {"Prod/EndToEnd": fails_when("c2", "broken")})
    pipeline = deployed(source_stage(), deploy_stage("Prod", on_failure=OnFailure(result=ConditionResult.ROLLBACK)))
    bench.release(pipeline, "c1")
    told = heard(bench, pipeline)

    bench.release(pipeline, "c2")

    started = [event.detail for event in told if line(event) == "Pipeline STARTED"]
    assert [detail["execution-trigger"]["trigger-type"] for detail in started] == ["WebhookV2", "AutomatedRollback"]
    assert [line(event) for event in told if event.detail["execution-id"] == started[1]["execution-id"]] == [
        "Pipeline STARTED",
        "Stage Prod STARTED",
        "Action Prod Deploy STARTED",
        "Action Prod Deploy SUCCEEDED",
        "Action Prod EndToEnd STARTED",
        "Action Prod EndToEnd SUCCEEDED",
        "Stage Prod SUCCEEDED",
        "Pipeline SUCCEEDED",
    ]


def test_what_the_local_run_itself_broke_has_no_state(tmp_path: Path) -> None:
    def breaks(_: Any) -> None:
        raise EngineError("broken")

    bench = Bench.make(tmp_path, {"Approve/Ask": breaks})
    pipeline = deployed(source_stage(), APPROVE)
    told = heard(bench, pipeline)

    with pytest.raises(EngineError):
        bench.release(pipeline)

    assert line(told[-1]) == "Action Approve Ask STARTED"


def test_executions_of_other_pipelines_are_told_to_nobody(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, {"Approve/Ask": fails("Rejected.")})
    told = heard(bench, deployed(source_stage()))

    bench.release(deployed(source_stage(), APPROVE))

    assert told == []
