"""What puts a stage back when it fails: CodePipeline's stage conditions.

CDK Pipelines has no property for them, so they are written into the pipeline's template by stage name. It must not
decide which stages go back: pipeline_stack.py does.
Source: CodePipeline user guide, "Configuring automatic rollback on stage failure".
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_codepipeline as codepipeline

from pipeline.definition import definition_of
from pipeline.errors import PipelineError


def roll_back_on_failure(pipeline: codepipeline.Pipeline, stage_names: Sequence[str]) -> None:
    """Has each named stage deploy again what last succeeded there; to be called when all is built.

    Raises PipelineError when a name is not a stage's: CodePipeline would run without the gate, and say nothing.
    """
    known = [stage.stage_name for stage in pipeline.stages]
    if unknown := sorted(set(stage_names) - set(known)):
        raise PipelineError(f"gates for {', '.join(unknown)}, and the pipeline's stages are {', '.join(known)}")
    resource = definition_of(pipeline)
    for name in stage_names:
        resource.add_property_override(f"Stages.{known.index(name)}.OnFailure", {"Result": "ROLLBACK"})
