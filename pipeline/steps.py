"""What the steps around a deployed stage share: how they install, and the role that each has to itself.

A role has a name, because the role in the stage's account that it may become trusts it by that name and no other's.
It must not know what a step does.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from config import StageConfiguration

TEST_REPORTS = "test-reports"
"""The folder into which tests write their JUnit report."""


def install(requirements: str) -> str:
    """The command that installs what a file pins, by its hashes."""
    return f"python3 -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r {requirements}"


INSTALL = install("integ/requirements.txt")
"""boto3, and what the end-to-end tests need."""


def step_role(scope: Construct, construct_id: str, *, role_name: str) -> iam.Role:
    """A role for one CodeBuild project; CDK Pipelines grants it what the project needs."""
    return iam.Role(
        scope, construct_id, role_name=role_name, assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com")
    )


def role_arn(stage: StageConfiguration, role_name: str) -> str:
    """Of a role in the stage's account: it is named and not referred to, for it is of another stack."""
    return f"arn:aws:iam::{stage.environment.account}:role/{role_name}"


def junit_report(group: str) -> dict[str, Any]:
    """A part of a build's specification: CodeBuild shows the JUnit files of TEST_REPORTS as a report of its own.

    Source: CodeBuild user guide, "Build specification reference".
    """
    return {"reports": {group: {"files": ["*.xml"], "base-directory": TEST_REPORTS, "file-format": "JUNITXML"}}}
