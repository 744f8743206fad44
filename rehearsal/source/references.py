"""What stacks read of stacks that are not among them: exports (Fn::ImportValue) and outputs (Fn::GetStackOutput).

It must not judge what it finds: plan/ refuses it, or stand_ins.py makes it.
Source: "Fn::ImportValue", "Fn::GetStackOutput", CloudFormation user guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.aws.cloudformation.stack_outputs import StackOutput, stack_outputs_in
from rehearsal.errors import Unsupported
from rehearsal.source.assembly import CloudAssembly, StackArtifact
from rehearsal.source.intrinsics import Resolver

Place = tuple[str, str]
"""An account and a region."""


def place_of(stack: StackArtifact, default: Place) -> Place:
    """Where the stack is deployed; `default` is the place of agnostic ones."""
    return stack.environment.account or default[0], stack.environment.region or default[1]


def missing_imports(assembly: CloudAssembly, default: Place) -> Iterator[tuple[StackArtifact, str]]:
    """A stack, and a name that it imports and none exports there. Names that only CloudFormation can tell are left."""
    exports = {(*place_of(stack, default), name) for stack in assembly.stacks for name in _exports(stack, default)}
    for stack in assembly.stacks:
        place = place_of(stack, default)
        for name in sorted(set(_imports(stack.template, resolver_of(stack, default)))):
            if "<" not in name and (*place, name) not in exports:
                yield stack, name


def missing_outputs(assembly: CloudAssembly, default: Place) -> Iterator[tuple[StackArtifact, StackOutput]]:
    """A stack, and an output that it reads and no stack has there. What is not literal is left out."""
    known = {
        (*place_of(stack, default), stack.name, name)
        for stack in assembly.stacks
        for name in stack.template.get("Outputs") or {}
    }
    for stack in assembly.stacks:
        account, region = place_of(stack, default)
        for output in sorted(_literal_outputs(stack), key=str):
            if (account, output.region or region, output.stack_name, output.output_name) not in known:
                yield stack, output


def _literal_outputs(stack: StackArtifact) -> frozenset[StackOutput]:
    try:
        return frozenset(stack_outputs_in(stack.template))
    except Unsupported:
        return frozenset()


def resolver_of(stack: StackArtifact, default: Place) -> Resolver:
    """Of the stack's template, where it is deployed."""
    account, region = place_of(stack, default)
    return Resolver(template=stack.template, account=account, region=region, stack_name=stack.name)


def _exports(stack: StackArtifact, default: Place) -> Iterator[str]:
    resolver = resolver_of(stack, default)
    for output in (stack.template.get("Outputs") or {}).values():
        if "Export" in output:
            yield str(resolver.resolve(output["Export"]["Name"]))


def _imports(value: Any, resolver: Resolver) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _imports(item, resolver)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key == "Fn::ImportValue":
                yield str(resolver.resolve(item))
            else:
                yield from _imports(item, resolver)
