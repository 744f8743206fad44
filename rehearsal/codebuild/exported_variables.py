"""The variables that a build exports to the pipeline: which, and which not, by CodeBuild's rules.

It must never hand on a credential of the build, under whatever name. Source: CodeBuild user guide, "Build specification
reference", env/exported-variables; CodePipeline user guide, "Quotas in AWS CodePipeline" (variables).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from rehearsal.codebuild.buildspec import Buildspec
from rehearsal.errors import ActionFailed

_PREFIX_OF_AWS = "AWS_"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST_BYTES = 122_880  # all output variables of an action; names count here, which AWS does not say


@dataclass(frozen=True)
class Exported:
    """`left_out` has one sentence for each name that the buildspec lists and that is not among `variables`."""

    variables: Mapping[str, str]
    left_out: tuple[str, ...]


def export_variables(
    buildspec: Buildspec, environment: Mapping[str, str], *, secrets: Collection[str], credentials: Collection[str]
) -> Exported:
    """`environment` is the build's at the end of post_build; `secrets` are the names that came from a store.

    `credentials` are the values that give access as the build's role. Raises ActionFailed for too much.
    """
    variables, left_out = {}, []
    for name in dict.fromkeys(buildspec.exported_variables):
        reason = _reason_by_name(name, secrets)
        if reason is None and name not in environment:
            reason = "the build has no such variable at its end"
        if reason is None and any(value in environment[name] for value in credentials):
            reason = "it holds a credential of the build"
        if reason is None:
            variables[name] = environment[name]
        else:
            left_out.append(f"{name} is not exported: {reason}.")
    size = sum(len(f"{name}{value}".encode()) for name, value in variables.items())
    if size > _LARGEST_BYTES:
        raise ActionFailed(
            f"The exported variables have {size} bytes; CodePipeline allows {_LARGEST_BYTES} for all of an action. "
            "Hand on what is large as an artifact."
        )
    return Exported(variables, tuple(left_out))


def notices_of_exports(buildspec: Buildspec) -> Iterator[str]:
    """What is known of a buildspec before it runs."""
    secrets = {*buildspec.parameter_store, *buildspec.secrets_manager}
    for name in dict.fromkeys(buildspec.exported_variables):
        reason = _reason_by_name(name, secrets)
        if reason is not None:
            yield f"{name} of a buildspec's exported-variables is not exported: {reason}."


def _reason_by_name(name: str, secrets: Collection[str]) -> str | None:
    if name.startswith(_PREFIX_OF_AWS):
        return f"CodeBuild exports no variable that begins with {_PREFIX_OF_AWS}"
    if name in secrets:
        return "CodeBuild exports no secret of Parameter Store or Secrets Manager"
    if not _VARIABLE.fullmatch(name):
        return "it is no name of an environment variable"
    return None
