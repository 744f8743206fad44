"""The feature flags without which a promise of the release would not hold, and the command that synthesizes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.synthesis import ROOT

CDK_JSON: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())


def test_app_runs_with_the_python_that_the_path_names() -> None:
    """A venv on a laptop, the runtime on CodeBuild, the sandbox in the local run."""
    assert CDK_JSON["app"] == "python3 app.py"


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        ("@aws-cdk/aws-lambda:recognizeVersionProps", "a change of configuration has to publish a version"),
        ("@aws-cdk/aws-lambda:recognizeLayerVersion", "a change of the layer has to publish a version"),
        ("@aws-cdk/aws-codedeploy:removeAlarmsFromDeploymentGroup", "a removed alarm has to be gone"),
        ("@aws-cdk/aws-codepipeline:defaultPipelineTypeToV2", "conditions and rollback are V2's"),
        ("@aws-cdk/pipelines:reduceAssetRoleTrustScope", "only CodeBuild publishes assets"),
        ("@aws-cdk/pipelines:reduceStageRoleTrustScope", "only the pipeline's role runs actions"),
        ("@aws-cdk/pipelines:reduceCrossAccountActionRoleTrustScope", "only the pipeline's role crosses accounts"),
        ("@aws-cdk/aws-iam:minimizePolicies", "policies stay readable"),
        ("@aws-cdk/core:validateAgainstDefaultRules", "what CloudFormation would refuse has to fail here"),
    ],
)
def test_flag_is_on(flag: str, why: str) -> None:
    assert CDK_JSON["context"][flag] is True, why


def test_templates_do_not_list_the_constructs_that_made_them() -> None:
    """The pipeline's would list the service's, too: a new asset of a function would change the pipeline."""
    assert CDK_JSON["versionReporting"] is False


def test_references_between_stacks_are_weak() -> None:
    """With strong ones a stage that was given a new one cannot be rolled back: an export in use cannot be deleted."""
    assert CDK_JSON["context"]["@aws-cdk/core:defaultCrossStackReferences"] == "weak"


def test_nothing_is_looked_up_while_synthesizing() -> None:
    assert not (ROOT / "cdk.context.json").exists()
