"""Every account, region, name and size of this application: the one file that a fork edits.

It must not read the environment, the clock, git or the network: the same commit gives the same templates.
The accounts below are placeholders that the local run takes as they are; to deploy to AWS, put your own here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.release.canary import Canary
from service.service_settings import ServiceSettings

RUNBOOK_URL = "https://github.com/acme/autonomous-car-manager/blob/main/docs/runbook"
"""Where the people whom an alarm wakes read what to do."""

BAKE_MINUTES_MAXIMUM = 50
"""The bake reads alarms by a role that it took over another one: for an hour at most ("Role chaining")."""


def configuration() -> Configuration:
    """The values. Raises ConfigurationError (or ValueError, for a canary that cannot work) when one cannot be right."""
    toolchain = AwsEnvironment(account="111111111111", region="eu-west-1")
    staging = AwsEnvironment(account="222222222222", region="eu-west-1")
    prod = AwsEnvironment(account="333333333333", region="eu-west-1")
    return Configuration(
        toolchain=toolchain,
        source=GitHubSource(
            owner="acme",
            repository="autonomous-car-manager",
            branch="main",
            connection_arn="arn:aws:codeconnections:eu-west-1:111111111111:connection/"
            "00000000-0000-4000-8000-000000000000",
        ),
        # To build from CodeCommit instead:
        # source=CodeCommitSource(repository="autonomous-car-manager", branch="main"),
        staging=StageConfiguration(
            environment=staging,
            service=ServiceSettings(
                stage_name="staging",
                canary=Canary(percent=10, minutes=2, minimum_calls=100, is_linear=True, sees_percent_of_a_route=7),
                event_canary=Canary(percent=50, minutes=12, minimum_calls=5, sees_percent=30),
                runbook_url=RUNBOOK_URL,
                log_retention_days=14,
                toolchain_account=toolchain.account,
                toolchain_region=toolchain.region,
                requests_per_minute=120,
            ),
            bake_minutes=8,
        ),
        prod=StageConfiguration(
            environment=prod,
            service=ServiceSettings(
                stage_name="prod",
                canary=Canary(percent=10, minutes=3, minimum_calls=100, is_linear=True, sees_percent_of_a_route=5),
                event_canary=Canary(percent=50, minutes=15, minimum_calls=5, sees_percent=30),
                runbook_url=RUNBOOK_URL,
                log_retention_days=90,
                toolchain_account=toolchain.account,
                toolchain_region=toolchain.region,
                requests_per_minute=120,
            ),
            bake_minutes=10,
        ),
        approval_timeout_hours=24,
        # Who is told that a release waits for them, or went wrong:
        # release_managers_email="release-managers@example.com",
        # Checked by GitHub itself (.github/workflows). To have CodeBuild do it, or with CodeCommit:
        # checks_pull_requests=True,
        # A copy to try things in, deployed by hand and not by the pipeline (docs/developing.md):
        # sandbox=StageConfiguration(
        #     environment=AwsEnvironment(account="444444444444", region="eu-west-1"),
        #     service=ServiceSettings(
        #         stage_name="sandbox",
        #         is_sandbox=True,
        #         canary=Canary(percent=10, minutes=10, minimum_calls=30),
        #         event_canary=Canary(percent=50, minutes=10, minimum_calls=5),
        #         runbook_url=RUNBOOK_URL,
        #         log_retention_days=3,
        #         toolchain_account=toolchain.account,
        #         toolchain_region=toolchain.region,
        #         requests_per_minute=120,
        #     ),
        # ),
    )


class ConfigurationError(ValueError):
    """A value that cannot be right: the message says which, what is allowed and what to do."""


@dataclass(frozen=True, kw_only=True)
class AwsEnvironment:
    """An account (twelve digits) and a region in it."""

    account: str
    region: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{12}", self.account) or self.account == "000000000000":
            raise ConfigurationError(
                f"account '{self.account}' is not an AWS account id. It has to be twelve digits in quotes: "
                "`aws sts get-caller-identity --query Account` shows the one you are signed in to."
            )
        if not re.fullmatch(r"[a-z]{2,3}(-[a-z]+)+-\d", self.region):
            raise ConfigurationError(
                f"region '{self.region}' is not the name of an AWS region. It has to look like 'eu-west-1': "
                "`aws account list-regions` shows those that your account can use."
            )
        if self.region.startswith(("cn-", "us-gov-", "us-iso", "eu-isoe-")):
            raise ConfigurationError(
                f"region '{self.region}' is not of the partition 'aws', and this project names its roles in that one. "
                "Choose a region outside of China, GovCloud and the isolated regions."
            )


@dataclass(frozen=True, kw_only=True)
class GitHubSource:
    """A GitHub repository, reached through a connection that someone made in the console and authorized there.

    A connection that CloudFormation makes stays PENDING until a person finishes the handshake with GitHub.
    """

    owner: str
    repository: str
    branch: str
    connection_arn: str

    def __post_init__(self) -> None:
        for name, value in (("owner", self.owner), ("repository", self.repository)):
            if not re.fullmatch(r"[\w.-]+", value):
                raise ConfigurationError(
                    f"source: {name} '{value}' cannot be GitHub's. It has to be one of the two parts of "
                    "owner/repository, without a slash."
                )
        _require_branch(self.branch)
        if not _CONNECTION_ARN.fullmatch(self.connection_arn):
            raise ConfigurationError(
                f"source: connection_arn '{self.connection_arn}' is not the ARN of a connection. It has to look like "
                "arn:aws:codeconnections:REGION:ACCOUNT:connection/ID: make a connection to GitHub under "
                "'Developer Tools > Settings > Connections' in the toolchain account and copy its ARN."
            )

    @property
    def connection_account(self) -> str:
        return self.connection_arn.split(":")[4]


@dataclass(frozen=True, kw_only=True)
class CodeCommitSource:
    """A CodeCommit repository in the toolchain account and region."""

    repository: str
    branch: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]{1,100}", self.repository):
            raise ConfigurationError(
                f"source: repository '{self.repository}' cannot be CodeCommit's. It has to be 1 to 100 letters, digits "
                "or any of . _ -"
            )
        _require_branch(self.branch)


@dataclass(frozen=True, kw_only=True)
class StageConfiguration:
    """One deployed copy of the service: where it stands, and its values.

    `bake_minutes` is how long its own alarms are watched after a release before it counts as good: 8 at least for those
    that tell of what waits for 5, twice. A sandbox has no bake.
    """

    environment: AwsEnvironment
    service: ServiceSettings
    bake_minutes: int = 10


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """All of it.

    `release_managers_email` is told by the pipeline what waits, was released, was stopped or was rolled back, and its
    alarms (docs/runbook/pipeline.md); its owner has to confirm.
    `checks_pull_requests` adds a CodeBuild project that checks pull requests to the branch (pipeline/pull_requests.py).
    `sandbox` is a copy of the service beside the pipeline, with no gate in front of it and no canary.
    """

    toolchain: AwsEnvironment
    source: GitHubSource | CodeCommitSource
    staging: StageConfiguration
    prod: StageConfiguration
    approval_timeout_hours: int
    release_managers_email: str | None = None
    checks_pull_requests: bool = False
    sandbox: StageConfiguration | None = None

    def __post_init__(self) -> None:
        accounts = [self.toolchain.account, self.staging.environment.account, self.prod.environment.account]
        if len(set(accounts)) != len(accounts):
            raise ConfigurationError(
                f"toolchain, staging and prod are in accounts {', '.join(accounts)}. They have to be three different "
                "ones, so that what goes wrong in one cannot reach the others."
            )
        if isinstance(self.source, GitHubSource) and self.source.connection_account != self.toolchain.account:
            raise ConfigurationError(
                f"source: connection_arn is of account {self.source.connection_account}, and the pipeline runs in "
                f"{self.toolchain.account}. A connection serves its own account: make one there and copy its ARN."
            )
        for name, stage in (("staging", self.staging), ("prod", self.prod)):
            if stage.service.is_sandbox:
                raise ConfigurationError(f"{name}: is_sandbox is True, and a sandbox has no canary. Leave it out here.")
            if stage.service.toolchain_account != self.toolchain.account:
                raise ConfigurationError(
                    f"{name}: toolchain_account {stage.service.toolchain_account} is not the toolchain's account "
                    f"{self.toolchain.account}. Its end-to-end tests could not sign in."
                )
            if stage.service.toolchain_region != self.toolchain.region:
                raise ConfigurationError(
                    f"{name}: toolchain_region {stage.service.toolchain_region} is not the toolchain's region "
                    f"{self.toolchain.region}. The pipeline would not hear of its traffic shifts."
                )
            if not 1 <= stage.bake_minutes <= BAKE_MINUTES_MAXIMUM:
                raise ConfigurationError(
                    f"{name}: bake_minutes is {stage.bake_minutes}. It has to be from 1 to {BAKE_MINUTES_MAXIMUM}: "
                    "in minutes, not seconds."
                )
        if self.sandbox is not None:
            self._check_sandbox(self.sandbox, accounts)
        if not 1 <= self.approval_timeout_hours <= 7 * 24:
            raise ConfigurationError(
                f"approval_timeout_hours is {self.approval_timeout_hours}. It has to be from 1 to 168, "
                "CodePipeline's longest."
            )
        if self.release_managers_email is not None and not _EMAIL.fullmatch(self.release_managers_email):
            raise ConfigurationError(
                f"release_managers_email is {self.release_managers_email!r}. It has to be one e-mail address, or None."
            )

    def _check_sandbox(self, sandbox: StageConfiguration, accounts: list[str]) -> None:
        if sandbox.environment.account in accounts:
            raise ConfigurationError(
                f"sandbox: account {sandbox.environment.account} is toolchain's, staging's or prod's. It has to be one "
                "of its own: nothing stands between a keystroke and what `cdk watch` deploys, and some names are the "
                "same in every stage."
            )
        if not sandbox.service.is_sandbox:
            raise ConfigurationError(
                "sandbox: is_sandbox is False. It has to be True: `cdk watch` changes functions past CloudFormation, "
                "and versions and canaries would be in its way."
            )
        if sandbox.service.toolchain_account != self.toolchain.account:
            raise ConfigurationError(
                f"sandbox: toolchain_account {sandbox.service.toolchain_account} is not the toolchain's account "
                f"{self.toolchain.account}. End-to-end tests could not sign in."
            )


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CONNECTION_ARN = re.compile(r"arn:aws:(codeconnections|codestar-connections):[\w-]+:\d{12}:connection/[\w-]+")


def _require_branch(branch: str) -> None:
    if not re.fullmatch(r"[\w./-]+", branch) or branch.startswith(("/", "refs/")):
        raise ConfigurationError(f"source: branch '{branch}' has to be a branch's short name, as 'main'.")
