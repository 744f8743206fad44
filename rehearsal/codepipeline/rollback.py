"""Where a stage can be rolled back to, by CodePipeline's rule on pipeline versions.

It must not run the rollback: the engine does, as an execution of type ROLLBACK.
Source: "Configure stage rollback", API_RollbackStage (UnableToRollbackStageException).
"""

from __future__ import annotations

from rehearsal.codepipeline.definition import ExecutionMode
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import Execution, ExecutionType


class RollbackUnavailable(Exception):
    """The stage has nothing to go back to; its text is the reason."""


def rollback_target(pipeline: DeployedPipeline, stage: str, execution_id: str | None = None) -> Execution:
    """The execution whose artifacts and variables a rollback deploys again.

    Without `execution_id`, as an automatic one, the latest success of the stage. Raises RollbackUnavailable when there
    is none, when it was started in another version of the pipeline, or when it is a rollback itself.
    """
    if pipeline.definition.execution_mode is ExecutionMode.PARALLEL:
        raise RollbackUnavailable("Stage rollback is not available in PARALLEL mode.")
    if pipeline.definition.stages and pipeline.definition.stages[0].name == stage:
        raise RollbackUnavailable(f"{stage} is the pipeline's source stage, which cannot be rolled back.")
    target = pipeline.last_success(stage) if execution_id is None else pipeline.execution(execution_id)
    if target is None:
        raise RollbackUnavailable(f"No execution has succeeded in {stage} yet: there is nothing to go back to.")
    if target.type is ExecutionType.ROLLBACK:
        way = _named_way(pipeline, stage) if execution_id is None else ""
        raise RollbackUnavailable(f"Execution {target.id} is a rollback; a rollback cannot go back to a rollback.{way}")
    if target.version != pipeline.version:
        raise RollbackUnavailable(
            f"The last success of {stage} was in version {target.version} of the pipeline, which is now in version "
            f"{pipeline.version}: CodePipeline rolls back only within a version."
        )
    return target


def _named_way(pipeline: DeployedPipeline, stage: str) -> str:
    """How the stage still goes back: to the last release that succeeded in it, when somebody names that."""
    release = pipeline.last_success(stage, ExecutionType.STANDARD)
    if release is None or release.version != pipeline.version:
        return ""
    return (
        f" To go back to the last release that succeeded in {stage}: aws codepipeline rollback-stage --pipeline-name "
        f"{pipeline.name} --stage-name {stage} --target-pipeline-execution-id {release.id}"
    )
