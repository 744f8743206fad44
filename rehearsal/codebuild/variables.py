"""The environment variables of a build, in CodeBuild's order of precedence, with parameters and secrets looked up.

It must not print a value: what came from a store is handed on as a secret, to be masked.
Source: CodeBuild user guide, "Environment variables in build environments"; "Build specification reference", env.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError, ParamValidationError

from rehearsal.codebuild.buildspec import Buildspec
from rehearsal.codebuild.parameter_store import ParameterDenied, read_parameter
from rehearsal.codebuild.project import Project, Variable, VariableType
from rehearsal.errors import ActionFailed

if TYPE_CHECKING:
    import boto3

_MASK = "***"
_SHORTEST_LINE_OF_SECRET = 8


@dataclass(frozen=True)
class BuildVariables:
    """`secrets` are the names among `values` that came from a store: masked in output, never exported."""

    values: Mapping[str, str]
    secrets: frozenset[str]


def resolve_variables(
    buildspec: Buildspec,
    project: Project,
    overrides: Iterable[Variable],
    *,
    session: boto3.Session,
    root: boto3.Session,
) -> BuildVariables:
    """The start of the build overrides the project, the project the buildspec.

    `session` is of the project's role, `root` of its account (parameter_store.py says why).
    """
    declared = [
        *(Variable(name, value) for name, value in buildspec.variables.items()),
        *(Variable(name, value, VariableType.PARAMETER_STORE) for name, value in buildspec.parameter_store.items()),
        *(Variable(name, value, VariableType.SECRETS_MANAGER) for name, value in buildspec.secrets_manager.items()),
        *project.variables,
        *overrides,
    ]
    last = {variable.name: variable for variable in declared}
    return BuildVariables(
        {name: _value(variable, project, session, root) for name, variable in last.items()},
        frozenset(name for name, variable in last.items() if variable.type is not VariableType.PLAINTEXT),
    )


def mask(line: str, secrets: Iterable[str]) -> str:
    """The line with every secret replaced by ***; of a secret with several lines, each line counts."""
    for secret in _parts(secrets):
        line = line.replace(secret, _MASK)
    return line


def _parts(secrets: Iterable[str]) -> list[str]:
    """The longest first, so that a secret within another does not leave the rest of it readable."""
    whole = {secret for secret in secrets if secret}
    lines = {line for secret in whole for line in secret.splitlines() if len(line) >= _SHORTEST_LINE_OF_SECRET}
    return sorted(whole | lines, key=len, reverse=True)


def _value(variable: Variable, project: Project, session: boto3.Session, root: boto3.Session) -> str:
    try:
        match variable.type:
            case VariableType.PARAMETER_STORE:
                return read_parameter(variable.value, role_arn=project.service_role, root=root)
            case VariableType.SECRETS_MANAGER:
                return _secret(variable, session)
            case VariableType.PLAINTEXT:
                return variable.value
    except (ParameterDenied, ClientError, ParamValidationError) as exc:
        raise ActionFailed(
            f"DOWNLOAD_SOURCE: the variable {variable.name} ({variable.type} {variable.value}) could not be read: {exc}"
        ) from exc


def _secret(variable: Variable, session: boto3.Session) -> str:
    """A reference is SECRET-ID[:json-key[:version-stage[:version-id]]]; the id may be an ARN, which has colons too."""
    found = re.fullmatch(r"(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+|[^:]+)(?::(.*))?", variable.value)
    if found is None:
        raise ActionFailed(
            f"The variable {variable.name} refers to the secret {variable.value!r}, which is no secret id."
        )
    json_key, version_stage, version_id = ([*(found.group(2) or "").split(":"), "", ""])[:3]
    versions = {"VersionStage": version_stage, "VersionId": version_id}
    secret = cast("Any", session.client("secretsmanager")).get_secret_value(
        SecretId=found.group(1), **{name: value for name, value in versions.items() if value}
    )
    text = str(secret["SecretString"])
    if not json_key:
        return text
    try:
        value = json.loads(text)[json_key]
    except (ValueError, KeyError, TypeError) as exc:
        raise ActionFailed(
            f"DOWNLOAD_SOURCE: the variable {variable.name} refers to key {json_key} of the secret {found.group(1)}, "
            "which is not JSON with that key."
        ) from exc
    return value if isinstance(value, str) else json.dumps(value)
