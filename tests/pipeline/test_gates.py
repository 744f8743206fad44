"""What stops a bad release after deployment: the conditions as AWS allows them, and on the stages that have them."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import pipelines

from pipeline.errors import PipelineError
from pipeline.gates import roll_back_on_failure

Stages = dict[str, dict[str, Any]]
CONDITIONS = ("BeforeEntry", "OnSuccess", "OnFailure")


@pytest.mark.parametrize("stage", ["Staging", "Prod"])
def test_failure_of_a_deployed_stage_rolls_it_back_without_asking(stages: Stages, stage: str) -> None:
    assert stages[stage]["OnFailure"] == {"Result": "ROLLBACK"}


def test_no_gate_rests_on_a_rule(stages: Stages) -> None:
    """What a rule does with another account's alarm is documented nowhere: the bake is an action."""
    for name, stage in stages.items():
        for kind in CONDITIONS:
            assert "Conditions" not in stage.get(kind, {}), f"{name} {kind}"


def test_stages_before_a_deployment_have_no_condition(stages: Stages) -> None:
    for name in ("Source", "Build", "UpdatePipeline", "Assets", "ApproveProd"):
        assert not set(CONDITIONS) & set(stages[name]), name


def test_nothing_can_keep_a_rollback_from_entering_prod(stages: Stages) -> None:
    assert "BeforeEntry" not in stages["Prod"]
    assert "BeforeEntry" not in stages["Staging"]


def test_approval_is_in_no_stage_that_is_rolled_back(stages: Stages) -> None:
    rolled_back = [stage for stage in stages.values() if "OnFailure" in stage]
    assert rolled_back
    for stage in rolled_back:
        assert "Approval" not in {action["ActionTypeId"]["Category"] for action in stage["Actions"]}


def test_gate_for_an_unknown_stage_is_refused(small_pipeline: codepipeline.Pipeline) -> None:
    with pytest.raises(PipelineError, match=r"gates for Prud, and the pipeline's stages are Source, Build"):
        roll_back_on_failure(small_pipeline, ["Prud"])


@pytest.fixture
def small_pipeline() -> codepipeline.Pipeline:
    stack = cdk.Stack(cdk.App(), "Small")
    source = pipelines.CodePipelineSource.connection("owner/repository", "main", connection_arn="arn:connection")
    synth = pipelines.ShellStep("Synth", input=source, commands=["true"])
    built = pipelines.CodePipeline(stack, "Pipeline", synth=synth, pipeline_type=codepipeline.PipelineType.V2)
    built.build_pipeline()
    return built.pipeline
