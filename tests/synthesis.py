"""Synthesizes the application inside a test, as `cdk synth` does it: with the context of cdk.json."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import aws_cdk as cdk

from app import compose
from config import Configuration
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


def synthesize(folder: Path, configuration: Configuration | None = None) -> None:
    """Writes the cloud assembly to `folder`; violations are left in its validation report for a test to read."""
    app = new_app(folder)
    compose(app, configuration or example_configuration())
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise


def synthesize_with_sandbox(folder: Path) -> None:
    """Likewise, of an application whose configuration has a sandbox."""
    configuration = dataclasses.replace(example_configuration(), sandbox=example_sandbox())
    synthesize(folder, configuration)
