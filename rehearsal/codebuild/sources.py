"""Which of an action's input artifacts a build runs in, and what CodeBuild makes of the names of the others.

It must not read files. Source: CodePipeline user guide, "AWS CodeBuild build and test action reference"; CodeBuild API,
ProjectSource (sourceIdentifier).

Where an action has several inputs (or outputs), CodePipeline hands the others to CodeBuild as secondary sources (and
artifacts), whose identifiers are the artifacts' names. CodePipeline allows more characters in a name than CodeBuild in
an identifier; StartBuild refuses those, with the words below, and nothing tells before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.errors import ActionFailed

IDENTIFIER_RULE = "identifier must contain only alphanumeric characters and underscores and be less than 128 characters"
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")


def primary_source(declaration: ActionDeclaration, named: str) -> str:
    """The input artifact in which the build runs; "" when it has none. `named` is the action's PrimarySource.

    Raises ActionFailed when it must be named and is not.
    """
    inputs = declaration.input_artifacts
    if named and named not in inputs:
        raise ActionFailed(f"PrimarySource is {named}; the action's input artifacts are {', '.join(inputs) or 'none'}.")
    if len(inputs) > 1 and not named:
        raise ActionFailed(f"The action has the input artifacts {', '.join(inputs)}; PrimarySource must name one.")
    return named or (inputs[0] if inputs else "")


def refused_identifiers(declaration: ActionDeclaration, primary: str) -> Iterator[str]:
    """The artifacts' names that CodeBuild refuses as identifiers."""
    outputs = declaration.output_artifacts
    secondary = (name for name in declaration.input_artifacts if name != primary)
    for name in (*secondary, *(outputs if len(outputs) > 1 else ())):
        if not _IDENTIFIER.fullmatch(name):
            yield name
