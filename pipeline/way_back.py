"""The quick way back: what a stage is rolled back to has served before, and gets all traffic at once.

Without this, going back would be a release like any other: every canary once more, half an hour in which most callers
still get what made the alarm ring. So the first step of a stage asks CodePipeline whether the stage is being rolled
back, and its canaried stacks take the answer as their parameter (service/release/way_back.py).

It must not decide what is rolled back, nor change anything itself.
Sources: "Rolling back a stage" (a rollback is an execution of its own, of type ROLLBACK), GetPipelineState;
CodePipeline user guide, "Variables reference" and "AWS CloudFormation deploy action reference" (ParameterOverrides).
"""

from __future__ import annotations

import json
from collections.abc import Collection

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines

from config import AwsEnvironment
from pipeline.definition import definition_of
from pipeline.errors import PipelineError
from pipeline.steps import INSTALL
from service.release.way_back import PARAMETER

VARIABLE = "WAY_BACK"
STEP = "WayBack"


def way_back_step(
    stage_name: str, pipeline_name: str, toolchain: AwsEnvironment, source: pipelines.CodePipelineSource
) -> pipelines.CodeBuildStep:
    """The stage's first: it exports "yes" or "no"."""
    arn = f"arn:aws:codepipeline:{toolchain.region}:{toolchain.account}:{pipeline_name}"
    return pipelines.CodeBuildStep(
        STEP,
        input=source,
        # One command, which cannot fail: without packages or an answer the way back is slow, and not closed.
        commands=[
            f"{VARIABLE}=no; if {INSTALL}; then {VARIABLE}=$(python3 scripts/way_back.py {pipeline_name} {stage_name}) "
            f"|| {VARIABLE}=no; fi; export {VARIABLE}"
        ],
        partial_build_spec=codebuild.BuildSpec.from_object({"env": {"exported-variables": [VARIABLE]}}),
        timeout=cdk.Duration.minutes(10),
        role_policy_statements=[iam.PolicyStatement(actions=["codepipeline:GetPipelineState"], resources=[arn])],
    )


def way_back_of(stage_name: str) -> str:
    """What the step has exported, for a later action of the stage."""
    return f"#{{{_namespace(stage_name)}.{VARIABLE}}}"


def pass_way_back(pipeline: codepipeline.Pipeline, stage_name: str, stack_ids: Collection[str]) -> None:
    """Gives the actions that deploy these stacks the answer as their parameter; to be called when all is built.

    CDK Pipelines has no property for it. Raises PipelineError when there is no such action.
    """
    resource = definition_of(pipeline)
    stage_names = [stage.stage_name for stage in pipeline.stages]
    stage_index = stage_names.index(stage_name)
    actions = [action.action_properties.action_name for action in pipeline.stages[stage_index].actions]
    deploying = [f"{stack_id}.Deploy" for stack_id in stack_ids]
    if missing := sorted({STEP, *deploying} - set(actions)):
        raise PipelineError(f"stage {stage_name} has no action {', '.join(missing)}; it has {', '.join(actions)}")
    path = f"Stages.{stage_index}.Actions"
    resource.add_property_override(f"{path}.{actions.index(STEP)}.Namespace", _namespace(stage_name))
    overrides = json.dumps({PARAMETER: way_back_of(stage_name)})
    for name in deploying:
        resource.add_property_override(f"{path}.{actions.index(name)}.Configuration.ParameterOverrides", overrides)


def _namespace(stage_name: str) -> str:
    return f"{stage_name}{STEP}"
