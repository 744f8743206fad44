"""Composes the application: the release pipeline, which deploys everything else. No logic."""

import sys

import aws_cdk as cdk

from config import Configuration, configuration
from pipeline.pipeline_stack import PipelineStack
from service.bundling import BundlingFailed


def compose(app: cdk.App, values: Configuration) -> None:
    PipelineStack(
        app,
        "AutonomousCarManagerPipeline",
        env=cdk.Environment(account=values.toolchain.account, region=values.toolchain.region),
        configuration=values,
    )


def main() -> None:
    try:
        values = configuration()
    except ValueError as error:
        sys.exit(f"config.py: {error}")
    app = cdk.App()
    try:
        compose(app, values)
    except BundlingFailed as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
