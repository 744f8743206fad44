"""What refers to what in a CloudFormation template, for CDK does not see every circle that CloudFormation refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any


def references(resource: Mapping[str, Any], names: set[str]) -> set[str]:
    """The logical ids among `names` that a resource depends on: Ref, Fn::GetAtt, Fn::Sub and DependsOn, anywhere."""
    depends_on = resource.get("DependsOn", [])
    found = {depends_on} if isinstance(depends_on, str) else set(depends_on)
    found.update(_referenced(resource))
    return found & names


def cycle(resources: Mapping[str, Mapping[str, Any]]) -> list[str] | None:
    """A circle of logical ids, None when there is none."""
    edges = {name: sorted(references(resource, set(resources))) for name, resource in resources.items()}
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str] | None:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return None
        for target in edges[name]:
            found = visit(target, [*path, name])
            if found:
                return found
        done.add(name)
        return None

    return next((found for name in edges if (found := visit(name, []))), None)


def reachable(resources: Mapping[str, Mapping[str, Any]], start: str) -> set[str]:
    """Every logical id that CloudFormation finishes before `start`."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for target in references(resources[waiting.pop()], set(resources)):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _referenced(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Ref":
                yield str(inner)
            elif key == "Fn::GetAtt":
                yield str(inner[0] if isinstance(inner, list) else inner).split(".")[0]
            elif key == "Fn::Sub":
                text = inner[0] if isinstance(inner, list) else inner
                yield from re.findall(r"\$\{(\w+)", text)
                yield from _referenced(inner)
            else:
                yield from _referenced(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _referenced(inner)
