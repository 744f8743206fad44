"""Every wrong value in config.py gets a message that says which it is, what is allowed and what to do."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest

import config
from config import (
    AwsEnvironment,
    CodeCommitSource,
    Configuration,
    ConfigurationError,
    GitHubSource,
    configuration,
)
from tests.example import at_example_place, example_configuration, example_sandbox
from tests.synthesis import ROOT


def test_committed_configuration_is_valid_and_has_three_accounts() -> None:
    values = configuration()
    accounts = [values.toolchain.account, values.staging.environment.account, values.prod.environment.account]
    assert len(set(accounts)) == 3


def test_canary_bake_and_approval_have_the_values_that_the_release_promises() -> None:
    values = configuration()
    staging, prod = values.staging.service, values.prod.service
    assert [(one.percent, one.minutes, one.is_linear) for one in (staging.canary, prod.canary)] == [
        (10, 2, True),
        (10, 3, True),
    ]
    assert [(one.percent, one.minutes, one.is_linear) for one in (staging.event_canary, prod.event_canary)] == [
        (50, 12, False),
        (50, 15, False),
    ]
    assert [one.sees_percent for one in (staging.canary, prod.canary, staging.event_canary, prod.event_canary)] == [
        *(5, 5, 30, 30)
    ]
    assert [one.sees_percent_of_a_route for one in (staging.canary, prod.canary)] == [7, 5]
    assert (values.staging.bake_minutes, values.prod.bake_minutes, values.approval_timeout_hours) == (8, 10, 24)


@pytest.mark.parametrize(
    "account", ["", "TODO", "<account id>", "12345678901", "1234567890123", "000000000000", "12345678901a"]
)
def test_account_that_is_not_one_is_refused(account: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        AwsEnvironment(account=account, region="eu-west-1")
    assert f"account '{account}'" in str(raised.value)
    assert "aws sts get-caller-identity" in str(raised.value)


@pytest.mark.parametrize("region", ["", "Ireland", "eu-west", "EU-WEST-1", "eu-west-1a"])
def test_region_that_is_not_one_is_refused(region: str) -> None:
    with pytest.raises(ConfigurationError, match=f"region '{region}' is not the name of an AWS region"):
        AwsEnvironment(account="111111111111", region=region)


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_region_of_another_partition_is_refused(region: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{region}' is not of the partition 'aws'"):
        AwsEnvironment(account="111111111111", region=region)


@pytest.mark.parametrize("region", ["eu-west-1", "ap-southeast-2", "me-central-1"])
def test_region_of_aws_is_taken(region: str) -> None:
    assert AwsEnvironment(account="111111111111", region=region).region == region


GITHUB = GitHubSource(
    owner="acme",
    repository="cars",
    branch="main",
    connection_arn="arn:aws:codeconnections:eu-west-1:111111111111:connection/1f0d",
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"owner": "acme/cars"}, "owner 'acme/cars' cannot be GitHub's"),
        ({"repository": ""}, "repository '' cannot be GitHub's"),
        ({"branch": "refs/heads/main"}, "branch 'refs/heads/main' has to be a branch's short name"),
        ({"branch": "a branch"}, "branch 'a branch' has to be a branch's short name"),
        ({"connection_arn": "TODO"}, "connection_arn 'TODO' is not the ARN of a connection"),
        (
            {"connection_arn": "arn:aws:s3:::bucket"},
            "connection_arn 'arn:aws:s3:::bucket' is not the ARN of a connection",
        ),
    ],
)
def test_source_on_github_that_cannot_be_is_refused(change: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        dataclasses.replace(GITHUB, **change)
    assert message in str(raised.value)


def test_connection_made_before_the_rename_is_taken() -> None:
    arn = "arn:aws:codestar-connections:eu-west-1:111111111111:connection/1f0d"
    assert dataclasses.replace(GITHUB, connection_arn=arn).connection_account == "111111111111"


@pytest.mark.parametrize("repository", ["", "a/b", "x" * 101])
def test_codecommit_repository_that_cannot_be_is_refused(repository: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be CodeCommit's"):
        CodeCommitSource(repository=repository, branch="main")


def _prod_in(account: str) -> Callable[[Configuration], dict[str, Any]]:
    def change(values: Configuration) -> dict[str, Any]:
        environment = AwsEnvironment(account=account, region="eu-west-1")
        return {"prod": dataclasses.replace(values.prod, environment=environment)}

    return change


def _connection_of(account: str) -> Callable[[Configuration], dict[str, Any]]:
    arn = f"arn:aws:codeconnections:eu-west-1:{account}:connection/1f0d"
    return lambda values: {"source": dataclasses.replace(GITHUB, connection_arn=arn)}


def _staging_tells(**toolchain: str) -> Callable[[Configuration], dict[str, Any]]:
    def change(values: Configuration) -> dict[str, Any]:
        service = dataclasses.replace(values.staging.service, **toolchain)  # type: ignore[arg-type]
        return {"staging": dataclasses.replace(values.staging, service=service)}

    return change


def _prod_is_a_sandbox(values: Configuration) -> dict[str, Any]:
    service = dataclasses.replace(values.prod.service, is_sandbox=True)
    return {"prod": dataclasses.replace(values.prod, service=service)}


def _baking(stage: str, minutes: int) -> Callable[[Configuration], dict[str, Any]]:
    return lambda values: {stage: dataclasses.replace(getattr(values, stage), bake_minutes=minutes)}


def _sandbox_in(account: str) -> Callable[[Configuration], dict[str, Any]]:
    environment = AwsEnvironment(account=account, region="us-east-2")
    return lambda _: {"sandbox": dataclasses.replace(example_sandbox(), environment=environment)}


def _sandbox(**settings: Any) -> Callable[[Configuration], dict[str, Any]]:
    sandbox = example_sandbox()
    service = dataclasses.replace(sandbox.service, **settings)
    return lambda _: {"sandbox": dataclasses.replace(sandbox, service=service)}


def test_sandbox_in_an_account_of_its_own_is_taken() -> None:
    sandbox = example_sandbox()
    assert dataclasses.replace(example_configuration(), sandbox=sandbox).sandbox == sandbox


def test_commented_example_of_a_sandbox_is_one() -> None:
    # given
    source = (ROOT / "config.py").read_text()
    comment = re.search(r"^ *# sandbox=StageConfiguration\(\n(?: *# .*\n)+", source, re.MULTILINE)
    if comment is None:  # a fork has taken it up
        assert config.configuration().sandbox is not None
        return
    # when
    argument = re.sub(r"^ *# ?", "", comment[0], flags=re.MULTILINE)
    toolchain = example_configuration().toolchain
    sandbox = eval(f"dict({argument})", {**vars(config), "toolchain": toolchain})["sandbox"]
    # then
    assert dataclasses.replace(example_configuration(), sandbox=sandbox).sandbox == sandbox


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_prod_is_a_sandbox, "prod: is_sandbox is True, and a sandbox has no canary"),
        (_sandbox_in("111111111111"), "sandbox: account 111111111111 is toolchain's, staging's or prod's"),
        (_sandbox_in("222222222222"), "sandbox: account 222222222222 is toolchain's, staging's or prod's"),
        (_sandbox_in("333333333333"), "sandbox: account 333333333333 is toolchain's, staging's or prod's"),
        (_sandbox(is_sandbox=False), "sandbox: is_sandbox is False. It has to be True"),
        (_sandbox(toolchain_account="555555555555"), "sandbox: toolchain_account 555555555555 is not the toolchain's"),
        (_prod_in("222222222222"), "They have to be three different ones"),
        (_prod_in("111111111111"), "They have to be three different ones"),
        (
            _connection_of("444444444444"),
            "connection_arn is of account 444444444444, and the pipeline runs in 111111111111",
        ),
        (
            _staging_tells(toolchain_account="444444444444"),
            "staging: toolchain_account 444444444444 is not the toolchain's",
        ),
        (
            _staging_tells(toolchain_region="us-east-2"),
            "staging: toolchain_region us-east-2 is not the toolchain's region",
        ),
        (_baking("staging", 0), "staging: bake_minutes is 0. It has to be from 1 to 50"),
        (_baking("prod", 300), "prod: bake_minutes is 300. It has to be from 1 to 50: in minutes, not seconds"),
        (
            lambda _: {"release_managers_email": "two@example.com, addresses"},
            "It has to be one e-mail address, or None",
        ),
        (lambda _: {"approval_timeout_hours": 0}, "approval_timeout_hours is 0. It has to be from 1 to 168"),
        (lambda _: {"approval_timeout_hours": 169}, "approval_timeout_hours is 169. It has to be from 1 to 168"),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    change: Callable[[Configuration], dict[str, Any]], message: str
) -> None:
    values = example_configuration()
    with pytest.raises(ConfigurationError) as raised:
        dataclasses.replace(values, **change(values))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_example_keeps_every_value_of_a_fork_but_its_place() -> None:
    # given
    values = example_configuration()
    staging, prod = (
        dataclasses.replace(
            stage,
            environment=AwsEnvironment(account=account, region="us-east-2"),
            service=dataclasses.replace(stage.service, toolchain_account="444444444444", toolchain_region="us-east-2"),
        )
        for stage, account in ((values.staging, "555555555555"), (values.prod, "666666666666"))
    )
    fork = dataclasses.replace(
        values,
        toolchain=AwsEnvironment(account="444444444444", region="us-east-2"),
        source=CodeCommitSource(repository="fork", branch="trunk"),
        staging=staging,
        prod=dataclasses.replace(prod, bake_minutes=49),
        sandbox=dataclasses.replace(
            example_sandbox(),
            service=dataclasses.replace(example_sandbox().service, toolchain_account="444444444444"),
            environment=AwsEnvironment(account="777777777777", region="us-east-2"),
        ),
        release_managers_email="release-managers@example.com",
        checks_pull_requests=True,
    )
    # when
    example = at_example_place(fork)
    # then
    assert example == dataclasses.replace(values, prod=dataclasses.replace(values.prod, bake_minutes=49))
