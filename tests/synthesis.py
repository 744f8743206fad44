"""Synthesizes the application inside a test, as `cdk synth` does it: with the context of cdk.json."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as s3_assets

from app import compose
from config import Configuration, StageConfiguration
from pipeline.pipeline_stack import PipelineStack
from service.service_stage import ServiceStage
from tests.example import example_configuration, example_sandbox

ROOT = Path(__file__).parent.parent
OF_THE_CLI = {
    "aws:cdk:bundling-stacks": ["**"],
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:enable-path-metadata": True,
}
"""What the CDK CLI adds to the context of every app that it runs."""


def new_app(folder: Path) -> cdk.App:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    return cdk.App(outdir=str(folder), context={**context, **OF_THE_CLI})


def synthesize(
    folder: Path,
    configuration: Configuration | None = None,
    pipeline_stack: type[PipelineStack] = PipelineStack,
) -> None:
    """Writes the cloud assembly to `folder`; violations are left in its validation report for a test to read."""
    app = new_app(folder)
    compose(app, configuration or example_configuration(), pipeline_stack)
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise


class PipelineWithNewAsset(PipelineStack):
    """The API of each stage has an asset more: this file."""

    def service_stage(self, stage_id: str, configuration: StageConfiguration) -> ServiceStage:
        stage = super().service_stage(stage_id, configuration)
        api = stage.node.find_child("Api")
        assert isinstance(api, cdk.Stack)
        s3_assets.Asset(api, "New", path=__file__)
        return stage


def synthesize_with_additions(folder: Path) -> None:
    """Likewise, with a sandbox configured and an asset more; violations are left in the report, too."""
    configuration = dataclasses.replace(example_configuration(), sandbox=example_sandbox())
    synthesize(folder, configuration, PipelineWithNewAsset)
