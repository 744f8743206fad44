"""Composes the application: the release pipeline, which deploys all but a developer's sandbox. No logic."""

import sys

import aws_cdk as cdk
import cdk_nag

from config import Configuration, configuration
from pipeline.pipeline_stack import PipelineStack
from service.packaging.bundling import BundlingFailed
from service.service_stage import ServiceStage


def require_nag(app: cdk.App) -> None:
    """What cdk-nag finds, and no stack has acknowledged with a reason, fails the synth."""
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))


def compose(app: cdk.App, values: Configuration, pipeline_stack: type[PipelineStack] = PipelineStack) -> None:
    require_nag(app)
    pipeline_stack(
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
