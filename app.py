"""Composes the application: the release pipeline, which deploys all but a developer's sandbox. No logic."""

import sys

import aws_cdk as cdk

from config import Configuration, configuration
from pipeline.pipeline_stack import PipelineStack
from service.bundling import BundlingFailed
from service.service_stage import ServiceStage


def compose(app: cdk.App, values: Configuration) -> None:
    PipelineStack(
        app,
        "AutonomousCarManagerPipeline",
        env=cdk.Environment(account=values.toolchain.account, region=values.toolchain.region),
        configuration=values,
    )
    if values.sandbox is not None:
        environment = values.sandbox.environment
        ServiceStage(
            app,
            "Sandbox",
            env=cdk.Environment(account=environment.account, region=environment.region),
            settings=values.sandbox.service,
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
