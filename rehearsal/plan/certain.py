"""The values of a template that are certain before it is deployed.

Whoever refuses something because of a value must not be wrong about it. A parameter may be given another value than its
default, and which branch of an Fn::If holds is CloudFormation's to say: such values are tokens here (`<…>`), as all
that only CloudFormation knows. It must not be used to show a plan: there, a default is a better guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.source.assembly import StackArtifact
from rehearsal.source.intrinsics import Resolver

_UNDECIDED = frozenset({"Fn::If", "Fn::Transform", "Fn::ForEach"})


def certain_values(stack: StackArtifact, *, account: str, region: str) -> Callable[[Any], Any]:
    """Answers for a value of the stack's template what is certain of it, with tokens for the rest."""
    template = {**stack.template, "Parameters": {}, "Resources": _decided(stack.template.get("Resources") or {})}
    resolver = Resolver(template=template, account=account, region=region, stack_name=stack.name)
    return lambda value: resolver.resolve(_decided(value))


def _decided(value: Any) -> Any:
    if isinstance(value, list):
        return [_decided(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1 and (name := next(iter(value))) in _UNDECIDED:
        return f"<{name}>"
    return {key: _decided(item) for key, item in value.items()}
