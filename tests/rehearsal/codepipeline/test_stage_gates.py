"""Stage conditions, retries and stage rollback, over fake actions and rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.codepipeline.actions.action import ActionContext
from rehearsal.codepipeline.definition import (
    Condition,
    ConditionResult,
    OnFailure,
    Rule,
)
from rehearsal.codepipeline.execution import ExecutionType
from rehearsal.codepipeline.rollback import RollbackUnavailable, rollback_target
from rehearsal.run_events import (
    StageRolledBack,
    Status,
)
from tests.rehearsal.codepipeline.fake_cloud import (
    Bench,
    deploy_stage,
    deployed,
    fails,
    fails_when,
    source_stage,
)

ROLLED_BACK = OnFailure(result=ConditionResult.ROLLBACK)


def bake(result: ConditionResult = ConditionResult.ROLLBACK) -> Condition:
    return Condition(result=result, rules=(Rule(name="Bake", provider="CloudWatchAlarm"),))


def test_failed_stage_is_rolled_back_to_the_artifacts_of_its_last_success(tmp_path: Path) -> None:
    pipeline = deployed(source_stage(), deploy_stage("Staging", on_failure=ROLLED_BACK), deploy_stage("Prod"))
    bench = Bench.make(tmp_path, {"Staging/EndToEnd": fails_when("c2", "the contract is broken")})
    good = bench.release(pipeline, "c1")
    bench.actions.ran.clear()

    bad = bench.release(pipeline, "c2")

    assert (bad.status, bad.stopped_by.gate) == (Status.FAILED, "e2e")
    assert bench.actions.ran == ["Staging/Deploy c2", "Staging/EndToEnd c2", "Staging/Deploy c1", "Staging/EndToEnd c1"]
    (rolled_back,) = bench.cloud.events(StageRolledBack)
    assert (rolled_back.stage, rolled_back.to_execution_id) == ("Staging", good.id)
    assert rolled_back.status is Status.SUCCEEDED
    assert pipeline.executions[-1].type is ExecutionType.ROLLBACK
    assert pipeline.executions[-1].variables["SourceVariables"]["CommitId"] == "c1"


def test_failed_stage_is_not_rolled_back_when_nothing_succeeded_there_yet(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, {"Staging/EndToEnd": fails("no")})

    bench.release(deployed(source_stage(), deploy_stage("Staging", on_failure=ROLLED_BACK)))

    (rolled_back,) = bench.cloud.events(StageRolledBack)
    assert (rolled_back.status, rolled_back.to_execution_id) == (Status.FAILED, None)
    assert "nothing to go back to" in rolled_back.reason


def test_second_bad_release_in_a_row_is_not_rolled_back_but_by_name(tmp_path: Path) -> None:
    pipeline = deployed(source_stage(), deploy_stage("Staging", on_failure=ROLLED_BACK))
    bench = Bench.make(tmp_path, {"Staging/EndToEnd": fails_when("bad", "no")})
    good = bench.release(pipeline, "good")

    bench.release(pipeline, "bad")
    bench.release(pipeline, "bad")

    first, second = bench.cloud.events(StageRolledBack)
    assert (first.status, first.to_execution_id) == (Status.SUCCEEDED, good.id)
    assert (second.status, second.to_execution_id) == (Status.FAILED, None)
    assert "is a rollback; a rollback cannot go back to a rollback. To go back" in second.reason
    assert second.reason.endswith(f"--stage-name Staging --target-pipeline-execution-id {good.id}")
    assert rollback_target(pipeline, "Staging", good.id) is good


def test_failed_stage_is_not_rolled_back_when_the_pipeline_has_another_version_since(tmp_path: Path) -> None:
    pipeline = deployed(source_stage(), deploy_stage("Staging", on_failure=ROLLED_BACK))
    bench = Bench.make(tmp_path, {"Staging/EndToEnd": fails_when("c2", "no")})
    bench.release(pipeline, "c1")
    pipeline.update(pipeline.definition, {})

    bench.release(pipeline, "c2")

    (rolled_back,) = bench.cloud.events(StageRolledBack)
    assert rolled_back.to_execution_id is None
    assert "version 1" in rolled_back.reason
    assert "version 2" in rolled_back.reason


def test_bake_rolls_the_stage_back_when_its_rule_fails(tmp_path: Path) -> None:
    pipeline = deployed(source_stage(), deploy_stage("Prod", on_success=bake()))
    bench = Bench.make(tmp_path)
    bench.release(pipeline, "c1")
    bench.rule.reasons["Bake"] = "Alarm is ALARM"

    execution = bench.release(pipeline, "c2")

    assert execution.status is Status.FAILED
    assert (execution.stopped_by.gate, execution.stopped_by.action) == ("bake", "Bake")
    assert execution.stage("Prod").status is Status.FAILED
    assert bench.actions.ran[-2:] == ["Prod/Deploy c1", "Prod/EndToEnd c1"]
    assert bench.rule.evaluated == ["OnSuccess Bake", "OnSuccess Bake"], "a rollback is not baked"


def test_entry_condition_fails_the_stage_before_any_of_its_actions(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    bench.rule.reasons["Bake"] = "Alarm is ALARM"

    execution = bench.release(deployed(source_stage(), deploy_stage("Prod", before_entry=bake(ConditionResult.FAIL))))

    assert (execution.status, execution.stopped_by.gate) == (Status.FAILED, "condition")
    assert bench.actions.ran == []


def test_entry_condition_skips_the_stage_when_its_result_is_skip(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    bench.rule.reasons["Bake"] = "Alarm is ALARM"
    staging = deploy_stage("Staging", before_entry=bake(ConditionResult.SKIP))

    execution = bench.release(deployed(source_stage(), staging, deploy_stage("Prod")))

    assert execution.status is Status.SUCCEEDED
    assert execution.stage("Staging").status is Status.SKIPPED
    assert bench.actions.ran == ["Prod/Deploy c1", "Prod/EndToEnd c1"]


@pytest.mark.parametrize(
    ("is_retry_of_all_actions", "ran"),
    [
        (True, ["Prod/Deploy c1", "Prod/EndToEnd c1", "Prod/Deploy c1", "Prod/EndToEnd c1"]),
        (False, ["Prod/Deploy c1", "Prod/EndToEnd c1", "Prod/EndToEnd c1"]),
    ],
)
def test_failed_stage_is_retried_once_by_its_retry_mode(
    tmp_path: Path, is_retry_of_all_actions: bool, ran: list[str]
) -> None:
    retry = OnFailure(result=ConditionResult.RETRY, is_retry_of_all_actions=is_retry_of_all_actions)

    def fail_first(context: ActionContext) -> None:
        if bench.actions.ran.count("Prod/EndToEnd c1") == 1:
            fails("flaky")(context)

    bench = Bench.make(tmp_path, {"Prod/EndToEnd": fail_first})

    execution = bench.release(deployed(source_stage(), deploy_stage("Prod", on_failure=retry)))

    assert execution.status is Status.SUCCEEDED
    assert bench.actions.ran == ran


def test_rollback_is_refused_for_the_source_stage(tmp_path: Path) -> None:
    pipeline = deployed(source_stage(), deploy_stage("Prod"))
    bench = Bench.make(tmp_path)
    bench.release(pipeline)

    with pytest.raises(RollbackUnavailable, match="source stage"):
        rollback_target(pipeline, "Source")
