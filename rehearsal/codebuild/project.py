"""The CodeBuild project that was deployed, and the start of a build of it.

It must not run a build: the emulator keeps projects and records, the commands run in our own shell.
Source: CodeBuild API, BatchGetProjects and StartBuild.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from rehearsal.errors import ActionFailed

if TYPE_CHECKING:
    import boto3


class VariableType(StrEnum):
    PLAINTEXT = "PLAINTEXT"
    PARAMETER_STORE = "PARAMETER_STORE"
    SECRETS_MANAGER = "SECRETS_MANAGER"


@dataclass(frozen=True)
class Variable:
    """`value` is the text itself, a parameter's name, or a secret's reference."""

    name: str
    value: str
    type: VariableType = VariableType.PLAINTEXT


@dataclass(frozen=True, kw_only=True)
class Project:
    name: str
    buildspec: str
    service_role: str
    variables: tuple[Variable, ...]
    image: str
    timeout_minutes: int
    encryption_key: str


@dataclass(frozen=True, kw_only=True)
class BuildRecord:
    """What CodeBuild calls the build: `id` is PROJECT:UUID."""

    id: str
    arn: str
    number: int
    initiator: str


def find_project(name: str, *, session: boto3.Session) -> Project:
    """Read with a session of our own: CodePipeline's action role may start a build, but not read projects."""
    found = cast("Any", session.client("codebuild")).batch_get_projects(names=[name])["projects"]
    if not found:
        raise ActionFailed(f"There is no CodeBuild project {name} in {session.region_name}.")
    return parse_project(found[0])


def parse_project(answer: Mapping[str, Any]) -> Project:
    environment = answer.get("environment", {})
    return Project(
        name=answer["name"],
        buildspec=answer.get("source", {}).get("buildspec", ""),
        service_role=answer["serviceRole"],
        variables=parse_variables(environment.get("environmentVariables", [])),
        image=environment.get("image", ""),
        timeout_minutes=int(answer.get("timeoutInMinutes", 60)),
        encryption_key=answer.get("encryptionKey", ""),
    )


def parse_variables(variables: Sequence[Mapping[str, Any]]) -> tuple[Variable, ...]:
    return tuple(
        Variable(item["name"], str(item.get("value", "")), VariableType(item.get("type", "PLAINTEXT")))
        for item in variables
    )


def parse_overrides(configuration: str) -> tuple[Variable, ...]:
    """The action's EnvironmentVariables: a JSON list of name, value and type."""
    try:
        return parse_variables(json.loads(configuration or "[]"))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ActionFailed(
            f"EnvironmentVariables of the action is {configuration!r}; it must be a JSON list of objects with name, "
            f"value and type ({', '.join(VariableType)})."
        ) from exc


def start_build(
    project: Project, overrides: Sequence[Variable], *, source_version: str, session: boto3.Session
) -> BuildRecord:
    """StartBuild with the action's role. A role that may not raises botocore's ClientError, in AWS's words."""
    answer = cast("Any", session.client("codebuild")).start_build(
        projectName=project.name,
        environmentVariablesOverride=[
            {"name": variable.name, "value": variable.value, "type": str(variable.type)} for variable in overrides
        ],
        **({"sourceVersion": source_version} if source_version else {}),
    )
    build = answer["build"]
    return BuildRecord(
        id=build["id"], arn=build["arn"], number=int(build.get("buildNumber", 1)), initiator=build.get("initiator", "")
    )
