"""`#{Namespace.Variable}` in an action's configuration, replaced by what earlier actions of the execution gave.

It must not know where variables come from. Source: "Variables reference", CodePipeline user guide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from rehearsal.errors import ActionFailed

VARIABLE = re.compile(r"#\{([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_.]+)\}")
_JSON_KEYS = frozenset({"EnvironmentVariables", "ParameterOverrides"})

Variables = Mapping[str, Mapping[str, str]]


def resolve_configuration(configuration: Mapping[str, str], variables: Variables) -> dict[str, str]:
    """The configuration with every variable replaced; `variables` is keyed by namespace, then by name.

    Values that hold JSON (a build's EnvironmentVariables, a stack's ParameterOverrides) are replaced inside its
    strings, so that a commit message with a quote in it does not break the document.
    Raises ActionFailed for a variable that nobody gave, as CodePipeline fails the action.
    """
    return {
        key: _resolve_json(value, variables) if key in _JSON_KEYS else resolve_text(value, variables)
        for key, value in configuration.items()
    }


def resolve_text(text: str, variables: Variables) -> str:
    def value_of(match: re.Match[str]) -> str:
        namespace, name = match.groups()
        try:
            return variables[namespace][name]
        except KeyError:
            raise ActionFailed(
                f"The action's configuration uses #{{{namespace}.{name}}}, and no earlier action of this execution "
                f"gave it. Known in {namespace}: {', '.join(sorted(variables.get(namespace, {}))) or 'nothing'}."
            ) from None

    return VARIABLE.sub(value_of, text)


def _resolve_json(text: str, variables: Variables) -> str:
    if not VARIABLE.search(text):
        return text
    try:
        document = json.loads(text)
    except ValueError:
        return resolve_text(text, variables)
    return json.dumps(_resolve_tree(document, variables))


def _resolve_tree(value: object, variables: Variables) -> object:
    if isinstance(value, str):
        return resolve_text(value, variables)
    if isinstance(value, list):
        return [_resolve_tree(item, variables) for item in value]
    if isinstance(value, dict):
        return {key: _resolve_tree(item, variables) for key, item in value.items()}
    return value
