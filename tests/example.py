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
    """The same gates and sizes, in accounts 111111111111, 222222222222 and 333333333333."""
    return dataclasses.replace(
        values,
        toolchain=TOOLCHAIN,
        source=GitHubSource(
            owner="acme",
            repository="autonomous-car-manager",
            branch="main",
            connection_arn=f"arn:aws:codeconnections:{REGION}:{TOOLCHAIN.account}:connection/1f0d",
        ),
        staging=_in(STAGING, values.staging),
        prod=_in(PROD, values.prod),
    )


def _in(environment: AwsEnvironment, stage: StageConfiguration) -> StageConfiguration:
    service = dataclasses.replace(stage.service, toolchain_account=TOOLCHAIN.account)
    return dataclasses.replace(stage, environment=environment, service=service)
