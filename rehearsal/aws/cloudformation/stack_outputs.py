"""What a template takes from other stacks, and what other stacks take from it. Pure functions: no AWS, no files.

In: a template as its author wrote it. Out: what it reads by `Fn::GetStackOutput`, which the emulator knows in the
reader's own region alone, and the same template with the values in their place; and which exports an update would take
away or change.
It must not know how a stack is asked.

Source: "Fn::GetStackOutput" (resolved when a stack is created or updated) and "Fn::ImportValue" ("you can't delete
a stack if another stack references one of its outputs; you can't modify or remove an output value that is referenced").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.errors import Unsupported

_FUNCTION = "Fn::GetStackOutput"


@dataclass(frozen=True)
class StackOutput:
    """An output of another stack; `region` is None for the reader's own."""

    stack_name: str
    output_name: str
    region: str | None = None


@dataclass(frozen=True)
class Export:
    """An output as its stack exports it at present."""

    output_name: str
    name: str


def stack_outputs_in(template: Any) -> frozenset[StackOutput]:
    """All that a template reads of other stacks. `Unsupported` where it cannot be told before, or is another's."""
    return frozenset(_outputs(template))


def with_stack_outputs(template: Any, values: Mapping[StackOutput, str]) -> Any:
    """The template with the values in place of the functions."""
    match template:
        case Mapping() if _FUNCTION in template:
            return values[_parsed(template[_FUNCTION])]
        case Mapping():
            return {key: with_stack_outputs(value, values) for key, value in template.items()}
        case list():
            return [with_stack_outputs(value, values) for value in template]
        case _:
            return template


def lost_exports(exports: list[Export], old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Export, str]]:
    """Which exports an update from one template to another takes away, and how: "deleted" or "updated".

    An output whose expression differs counts as updated. A name that is an intrinsic is taken to be the same.
    """
    for export in exports:
        before, after = _output(old, export), _output(new, export)
        name = after.get("Export", {}).get("Name")
        if name is None or (isinstance(name, str) and name != export.name):
            yield export, "deleted"
        elif json.dumps(before.get("Value"), sort_keys=True) != json.dumps(after.get("Value"), sort_keys=True):
            yield export, "updated"


def _output(template: Mapping[str, Any], export: Export) -> Mapping[str, Any]:
    output: Mapping[str, Any] = (template.get("Outputs") or {}).get(export.output_name) or {}
    return output


def _outputs(value: Any) -> Iterator[StackOutput]:
    match value:
        case Mapping() if _FUNCTION in value:
            yield _parsed(value[_FUNCTION])
        case Mapping():
            for inner in value.values():
                yield from _outputs(inner)
        case list():
            for inner in value:
                yield from _outputs(inner)


def _parsed(argument: Any) -> StackOutput:
    match argument:
        case {"RoleArn": role_arn}:
            raise Unsupported(f"{_FUNCTION} with a RoleArn ({json.dumps(role_arn)[:120]}): of another account's stack.")
        case {"StackName": str(stack_name), "OutputName": str(output_name), **rest}:
            region = None if rest.get("Region") == {"Ref": "AWS::Region"} else rest.get("Region")
            if region is None or isinstance(region, str):
                return StackOutput(stack_name, output_name, region)
    raise Unsupported(f"{_FUNCTION} {json.dumps(argument)[:200]}: StackName, OutputName and Region have to be literal.")
