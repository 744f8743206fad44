"""A pipeline's properties, held to the shapes of CodePipeline's API: members, lengths, patterns, ranges, enumerations.

The shapes are botocore's, which AWS makes from its own; CloudFormation spells their members with a capital letter. A
value that is hidden (an intrinsic that nobody can resolve yet) is passed over. It must not know what the properties
mean together: definition_rules.py does.

Source: API PipelineDeclaration and all that it is made of; "AWS::CodePipeline::Pipeline" for what only CloudFormation
has. The sentences are those of AWS's APIs for any such value ("1 validation error detected: …").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape

from rehearsal.aws.edge.service_models import service_model
from rehearsal.aws.resource import IsHidden, nothing_is_hidden

_TOKEN = re.compile(r"<[^<>]+>")
# Of the resource alone, not of the API's pipeline. ArtifactStores is a map there, and a list of pairs here.
_RESOURCE_ONLY = frozenset({"ArtifactStores", "DisableInboundStageTransitions", "RestartExecutionOnUpdate", "Tags"})
_OPTIONAL = frozenset({"name"})  # CloudFormation makes one


def has_token(text: str) -> bool:
    """Whether a value holds an intrinsic that only CloudFormation can resolve (source/intrinsics.py leaves `<…>`)."""
    return _TOKEN.search(text) is not None


def shape_problems(properties: Mapping[str, Any], is_hidden: IsHidden = nothing_is_hidden) -> Iterator[str]:
    """What CodePipeline would say, one sentence each; nothing where a value is hidden."""
    declared = {name: value for name, value in properties.items() if name not in _RESOURCE_ONLY}
    walk = _Walk(is_hidden)
    yield from walk.problems(declared, _shape("PipelineDeclaration"), "pipeline", optional=_OPTIONAL)
    for entry in _items(properties.get("ArtifactStores")):
        path = f"pipeline.artifactStores.{entry.get('Region')}.member"
        yield from walk.problems(entry.get("Region", ""), _shape("AWSRegionName"), f"{path}.key")
        yield from walk.problems(entry.get("ArtifactStore", {}), _shape("ArtifactStore"), f"{path}.value")
    for entry in _items(properties.get("DisableInboundStageTransitions")):
        yield from walk.problems(entry.get("StageName", ""), _shape("StageName"), "stageName")
        yield from walk.problems(entry.get("Reason", ""), _shape("DisabledReason"), "reason")
    for entry in _items(properties.get("Tags")):
        yield from walk.problems({"Key": entry.get("Key"), "Value": entry.get("Value")}, _shape("Tag"), "tags")


def unknown_members(properties: Mapping[str, Any]) -> Iterator[str]:
    """Where a property is that the API's shapes do not have, as a path: `Stages.1.Actions.2.Foo`."""
    declared = {name: value for name, value in properties.items() if name not in _RESOURCE_ONLY}
    yield from _unknown(declared, _shape("PipelineDeclaration"), "")


def without_hidden(properties: Mapping[str, Any], is_hidden: IsHidden) -> Mapping[str, Any]:
    """The properties without the numbers and enumerated values that are hidden: their defaults stand for them."""
    stripped: Mapping[str, Any] = _strip(properties, _shape("PipelineDeclaration"), is_hidden)
    return stripped


def has_hidden_parts(properties: Mapping[str, Any], is_hidden: IsHidden) -> bool:
    """Whether a list, a map or an object of the definition is hidden as a whole: nobody knows what is in it."""
    stores, transitions = properties.get("ArtifactStores"), properties.get("DisableInboundStageTransitions")
    own = [*_list_of(stores), *_list_of(transitions), stores, transitions]
    return any(isinstance(part, str) and is_hidden(part) for part in own) or _has_hidden_parts(
        properties, _shape("PipelineDeclaration"), is_hidden
    )


def _has_hidden_parts(value: Any, shape: Any, is_hidden: IsHidden) -> bool:
    if isinstance(value, str):
        return shape.type_name in ("list", "map", "structure") and is_hidden(value)
    if isinstance(value, list) and shape.type_name == "list":
        return any(_has_hidden_parts(item, shape.member, is_hidden) for item in value)
    if isinstance(value, Mapping) and shape.type_name == "structure":
        members = {_capital(name): member for name, member in shape.members.items()}
        return any(
            name in members and _has_hidden_parts(item, members[name], is_hidden) for name, item in value.items()
        )
    return False


class _Walk:
    def __init__(self, is_hidden: IsHidden) -> None:
        self._is_hidden = is_hidden

    def problems(self, value: Any, shape: Shape, path: str, *, optional: frozenset[str] = frozenset()) -> Iterator[str]:
        if isinstance(value, str) and self._is_hidden(value):
            return
        match shape.type_name:
            case "structure":
                yield from self._structure(value, shape, path, optional)
            case "list":
                yield from self._list(value, shape, path)
            case "map":
                yield from self._map(value, shape, path)
            case "integer":
                yield from _failed(_integer_problems(value, shape), value, path)
            case _:
                yield from _failed(_text_problems(_text(value), shape), value, path)

    def _structure(self, value: Any, shape: Any, path: str, optional: frozenset[str]) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield from _failed(["Member must be an object"], value, path)
            return
        for name, member in shape.members.items():
            given = value.get(_capital(name))
            if given is not None:
                yield from self.problems(given, member, f"{path}.{name}")
            elif name in shape.required_members and name not in optional:
                yield from _failed(["Member must not be null"], "null", f"{path}.{name}")

    def _list(self, value: Any, shape: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield from _failed(["Member must be a list"], value, path)
            return
        if not any(isinstance(item, str) and self._is_hidden(item) for item in value):
            yield from _failed(_length_problems(len(value), shape), value, path)
        for number, item in enumerate(value, start=1):
            yield from self.problems(item, shape.member, f"{path}.{number}.member")

    def _map(self, value: Any, shape: Any, path: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield from _failed(["Member must be an object"], value, path)
            return
        for key, item in value.items():
            if found := list(_text_problems(str(key), shape.key)):
                yield from _failed([f"Map keys must satisfy constraint: [{', '.join(found)}]"], key, path)
            text = _text(item)
            if not self._is_hidden(text) and (found := list(_text_problems(text, shape.value))):
                yield from _failed([f"Map value must satisfy constraint: [{', '.join(found)}]"], {key: item}, path)


def _failed(problems: Any, value: Any, path: str) -> Iterator[str]:
    for problem in problems:
        yield (
            f"1 validation error detected: Value '{_shown(value)}' at '{path}' failed to satisfy constraint: {problem}"
        )


def _text_problems(text: str, shape: Any) -> Iterator[str]:
    constraints = shape.metadata
    yield from _length_problems(len(text), shape)
    pattern = constraints.get("pattern")
    if pattern and not re.fullmatch(pattern, text, re.DOTALL):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if (allowed := constraints.get("enum")) and text not in allowed:
        yield f"Member must satisfy enum value set: [{', '.join(allowed)}]"


def _length_problems(length: int, shape: Any) -> Iterator[str]:
    if length > shape.metadata.get("max", length):
        yield f"Member must have length less than or equal to {shape.metadata['max']}"
    if length < shape.metadata.get("min", 0):
        yield f"Member must have length greater than or equal to {shape.metadata['min']}"


def _integer_problems(value: Any, shape: Any) -> Iterator[str]:
    try:
        number = int(str(value))
    except ValueError:
        yield "Member must be a whole number"
        return
    if number > shape.metadata.get("max", number):
        yield f"Member must have value less than or equal to {shape.metadata['max']}"
    if number < shape.metadata.get("min", number):
        yield f"Member must have value greater than or equal to {shape.metadata['min']}"


def _unknown(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "list" and isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _unknown(item, shape.member, f"{path}.{number}")
    elif shape.type_name == "structure" and isinstance(value, Mapping):
        known = {_capital(name): member for name, member in shape.members.items()}
        for name, item in value.items():
            if name in known:
                yield from _unknown(item, known[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}".lstrip(".")


def _strip(value: Any, shape: Any, is_hidden: IsHidden) -> Any:
    if shape.type_name == "list" and isinstance(value, list):
        return [_strip(item, shape.member, is_hidden) for item in value]
    if shape.type_name != "structure" or not isinstance(value, Mapping):
        return value
    members = {_capital(name): member for name, member in shape.members.items()}
    return {
        name: _strip(item, members[name], is_hidden) if name in members else item
        for name, item in value.items()
        if not (name in members and _is_strict(members[name]) and isinstance(item, str) and is_hidden(item))
    }


def _is_strict(shape: Any) -> bool:
    """Whether a value has to be of a few, or a structure: any text may stand for the rest."""
    return shape.type_name != "string" or bool(shape.metadata.get("enum"))


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in _list_of(value) if isinstance(item, Mapping)]


def _shape(name: str) -> Shape:
    return service_model("codepipeline").shape_for(name)


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(value: object) -> str:
    text = _text(value)
    return text if len(text) <= 120 else f"{text[:120]}…"
