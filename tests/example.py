"""The committed configuration at a place of the tests' own.

A fork has other accounts, regions and another repository in its config.py, and its pipeline's build runs these tests.
Every other value is the committed one.
"""

from __future__ import annotations

import dataclasses

from config import AwsEnvironment, Configuration, GitHubSource, StageConfiguration, configuration

REGION = "eu-west-1"
TOOLCHAIN, STAGING, PROD = (
    AwsEnvironment(account=account, region=REGION) for account in ("111111111111", "222222222222", "333333333333")
)


def example_configuration() -> Configuration:
    return at_example_place(configuration())


def at_example_place(values: Configuration) -> Configuration:
    """The same gates and sizes, in the tests' accounts; all that a fork may switch on is off."""
    return dataclasses.replace(
        values,
        toolchain=TOOLCHAIN,
        source=GitHubSource(
            owner="acme",
            repository="autonomous-car-manager",
            branch="main",
            connection_arn=f"arn:aws:codeconnections:{REGION}:{TOOLCHAIN.account}:connection/00000000-0000-4000-8000-000000000000",
        ),
        staging=_in(STAGING, values.staging),
        prod=_in(PROD, values.prod),
        release_managers_email=None,
        checks_pull_requests=False,
        sandbox=None,
    )


def is_at_example_place() -> bool:
    """Whether what is released is what the tests look at, as long as nobody has put accounts of their own here."""
    return configuration() == example_configuration()


def example_sandbox() -> StageConfiguration:
    """The sandbox of config.py's comment, in account 444444444444."""
    staging = example_configuration().staging
    return StageConfiguration(
        environment=AwsEnvironment(account="444444444444", region=REGION),
        service=dataclasses.replace(staging.service, stage_name="sandbox", is_sandbox=True, log_retention_days=3),
    )


def _in(environment: AwsEnvironment, stage: StageConfiguration) -> StageConfiguration:
    service = dataclasses.replace(stage.service, toolchain_account=TOOLCHAIN.account, toolchain_region=TOOLCHAIN.region)
    return dataclasses.replace(stage, environment=environment, service=service)
