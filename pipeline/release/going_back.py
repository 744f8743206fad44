"""Rolls a stage back to a release that it had before: finds the one that CodePipeline accepts, shows it, and asks.

CodePipeline takes as a target an execution that succeeded in the stage in the pipeline's present version and is no
rollback itself. It must not choose one that is newer than what the stage runs: that was taken back already.
Sources: CodePipeline user guide, "Rolling back a stage"; API reference, RollbackStage, ListPipelineExecutions
(SucceededInStageFilter: in the current version).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.executions.execution import Execution, ExecutionType
from pipeline.executions.record import Record
from pipeline.executions.release_text import commit_text
from pipeline.release.errors import CannotAsk, Refused
from pipeline.release.state import IN_PROGRESS, SUCCEEDED, StageState, pipeline_state

if TYPE_CHECKING:
    from mypy_boto3_codepipeline import CodePipelineClient

_REVERT = 'Revert the commit and push; by hand: docs/runbook/release.md, "Going back to the last release".'


@dataclass(frozen=True, kw_only=True)
class WayBack:
    """`runs` is the execution that the stage runs now, None where its last one failed: then it is in between."""

    stage: str
    target: Execution
    runs: Execution | None


def find_way_back(client: CodePipelineClient, pipeline: str, stage_name: str, *, target_id: str | None) -> WayBack:
    """Raises Refused, with the reason, when there is no target or not that one; CannotAsk for an unknown stage."""
    state = pipeline_state(client.get_pipeline_state(name=pipeline))
    stage = state.stage(stage_name)
    if stage is None:
        names = ", ".join(found.name for found in state.stages)
        raise CannotAsk(f"{pipeline} has no stage {stage_name}; it has {names}.")
    if state.stages[0] is stage:
        raise Refused(f"{stage_name} is the source stage, and CodePipeline rolls none back.")
    if stage.status == IN_PROGRESS:
        raise Refused(f"Execution {stage.execution_id} runs in {stage_name} now: wait for its end, or stop it.")
    succeeded = Record(client, pipeline).succeeded_in(stage_name)
    runs = _running(stage, succeeded)
    return WayBack(stage=stage_name, target=_target(succeeded, runs, state.version, stage_name, target_id), runs=runs)


def shown(way: WayBack) -> str:
    now = commit_text(way.runs) if way.runs is not None else "what its last, failed execution has left"
    return "\n".join(
        [
            f"{way.stage} is rolled back, all at once and without a canary:",
            "",
            f"  from   {now}",
            f"  to     {commit_text(way.target)}",
            f"         execution {way.target.id}, of {way.target.started_at:%Y-%m-%d %H:%M} UTC",
            "",
            "Its templates and code go back. What was written into tables meanwhile does not.",
        ]
    )


def roll_back(client: CodePipelineClient, pipeline: str, way: WayBack) -> str:
    """The id of the execution of type ROLLBACK that begins."""
    answer = client.rollback_stage(pipelineName=pipeline, stageName=way.stage, targetPipelineExecutionId=way.target.id)
    return answer["pipelineExecutionId"]


def _running(stage: StageState, succeeded: Sequence[Execution]) -> Execution | None:
    """What the stage's last execution has deployed: itself, or what it went back to."""
    if stage.status != SUCCEEDED or not succeeded or succeeded[0].id != stage.execution_id:
        return None
    last = succeeded[0]
    if last.type is ExecutionType.ROLLBACK:
        return next((found for found in succeeded if found.id == last.rollback_target), last)
    return last


def _target(
    succeeded: Sequence[Execution], runs: Execution | None, version: int, stage: str, target_id: str | None
) -> Execution:
    releases = [execution for execution in succeeded if execution.type is ExecutionType.STANDARD]
    if target_id is not None:
        named = next((execution for execution in succeeded if execution.id == target_id), None)
        if named is None:
            raise Refused(
                f"Execution {target_id} has not succeeded in {stage} in version {version} of the pipeline, and "
                f"CodePipeline goes back to no other. {_choice(releases)}"
            )
        if named.type is ExecutionType.ROLLBACK:
            raise Refused(f"Execution {target_id} is a rollback itself, and CodePipeline goes back to none. "
                          f"{_choice(releases)}")  # fmt: skip
        return named
    if not releases:
        raise Refused(
            f"Nothing has been released to {stage} in version {version} of the pipeline: it is new, or has changed "
            f"since the last release, and CodePipeline goes back only within a version. {_REVERT}"
        )
    # Newest first: behind what runs are those before it.
    older = releases if runs is None else [found for found in releases if found.started_at < runs.started_at]
    if not older:
        raise Refused(
            f"{stage} runs the first release of version {version} of the pipeline, and CodePipeline goes back only "
            f"within a version. {_REVERT}"
        )
    return older[0]


def _choice(releases: Sequence[Execution]) -> str:
    known = "; ".join(f"{execution.id} ({commit_text(execution)})" for execution in releases[:5])
    return f"It would to: {known}." if known else _REVERT
