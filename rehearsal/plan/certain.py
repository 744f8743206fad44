"""The values of a template that are certain before it is deployed.

Whoever refuses something because of a value must not be wrong about it. A parameter may be given another value than its
default, which branch of an Fn::If holds is CloudFormation's to say, and what a Ref to a resource gives its provider's:
such values are tokens here (`<…>`). It must not be used to show a plan: there, a good guess is better.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from rehearsal.codepipeline.definition_shape import has_token
from rehearsal.source.assembly import StackArtifact
from rehearsal.source.intrinsics import Resolver

_UNDECIDED = frozenset({"Fn::If", "Fn::Transform", "Fn::ForEach"})


def certain_values(stack: StackArtifact, *, account: str, region: str) -> Callable[[Any], Any]:
    """Answers for a value of the stack's template what is certain of it, with tokens for the rest."""
    template = {**stack.template, "Parameters": {}, "Resources": {}}
    resolver = Resolver(template=template, account=account, region=region, stack_name=stack.name)
    return lambda value: resolver.resolve(_decided(value))


def is_hidden(value: Any) -> bool:
    """Whether a value is text with a token in it."""
    return isinstance(value, str) and has_token(value)


def has_hidden(value: Any) -> bool:
    """Whether there is a token anywhere in it."""
    if isinstance(value, Mapping):
        return any(map(has_hidden, value.values()))
    return any(map(has_hidden, value)) if isinstance(value, list) else is_hidden(value)


def without_hidden_items(properties: Mapping[str, Any], keep: Collection[str] = ()) -> dict[str, Any]:
    """The properties without those that hold a token; of `keep`, also those."""
    return {key: value for key, value in properties.items() if key in keep or not has_hidden(value)}


def _decided(value: Any) -> Any:
    if isinstance(value, list):
        return [_decided(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1 and (name := next(iter(value))) in _UNDECIDED:
        return f"<{name}>"
    return {key: _decided(item) for key, item in value.items()}
