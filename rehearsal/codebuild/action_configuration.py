"""Every key of a CodeBuild action's configuration, and what of it keeps a build from running here or on AWS.

It must not read a project. Source: CodePipeline user guide, "AWS CodeBuild build and test action reference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rehearsal.codebuild.handling import Handling, Known
from rehearsal.codebuild.sources import IDENTIFIER_RULE, primary_source, refused_identifiers
from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.errors import ActionFailed

_DONE = Known(Handling.DONE)
CONFIGURATION: Mapping[str, Known] = {
    "ProjectName": _DONE,
    "PrimarySource": _DONE,
    "BatchEnabled": Known(Handling.REFUSED, "batch builds", unless=("", "false")),
    "CombineArtifacts": Known(Handling.WITHOUT_EFFECT, "a batch build alone reads it"),
    "EnvironmentVariables": _DONE,
}


def refused_configuration(action: ActionDeclaration) -> Iterator[str]:
    """One sentence for each key that is unknown or refused, and for what CodeBuild would refuse in every run."""
    for key, value in action.configuration.items():
        known = CONFIGURATION.get(key)
        if known is None:
            yield f"{key}: no key of a CodeBuild action's configuration; there are {', '.join(sorted(CONFIGURATION))}"
        elif known.handling is Handling.REFUSED and value.lower() not in known.unless:
            yield f"{known.words} ({key})"
    try:
        primary = primary_source(action, action.configuration.get("PrimarySource", ""))
    except ActionFailed as exc:
        yield exc.reason.rstrip(".")
        return
    for name in refused_identifiers(action, primary):
        yield f"artifact {name}: CodeBuild refuses its name where a build has several, for an {IDENTIFIER_RULE}"
