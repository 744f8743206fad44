"""The seam between the emulator's CloudFormation and the resource types that the local run brings itself.

The edge rewrites such a resource to a custom resource; CloudFormation resolves its properties and calls a
`ResourceProvider` to create, update or delete it. This module must not know any resource type.

Source of the semantics: "AWS CloudFormation custom resources" and the "Return values" of each resource type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

IsHidden = Callable[[str], bool]
"""Whether a text holds what nobody knows before the deployment; where CloudFormation has been, nothing is hidden."""


def nothing_is_hidden(_: str) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class ResourceRequest:
    """One call of CloudFormation. Every intrinsic in `properties` is resolved.

    CloudFormation hands primitives to custom resources as strings ("true", "60"); read them with `as_bool`, `as_int`
    and `as_float`. `update_policy` is the resource's UpdatePolicy attribute, resolved too.
    """

    account: str
    region: str
    stack_name: str
    stack_id: str
    logical_id: str
    resource_type: str
    properties: Mapping[str, Any]
    update_policy: Mapping[str, Any] = field(default_factory=dict)
    physical_id: str | None = None
    old_properties: Mapping[str, Any] = field(default_factory=dict)
    old_update_policy: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ResourceResult:
    """`physical_id` is what `Ref` gives, `attributes` what `Fn::GetAtt` gives (keys as AWS names them).

    An update that answers another `physical_id` is a replacement: CloudFormation deletes the old one later.
    """

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class ResourceFailed(Exception):
    """The resource could not be created, updated or deleted: CloudFormation fails the stack with this reason."""


class ResourceUnsupported(ResourceFailed):
    """AWS would make the resource, and the local run cannot: the template is not at fault, so the run is Errored."""


class ResourceProvider(Protocol):
    """Serves some resource types. Calls come from many threads, and may take as long as the resource takes."""

    resource_types: frozenset[str]

    def create(self, request: ResourceRequest) -> ResourceResult: ...

    def update(self, request: ResourceRequest) -> ResourceResult: ...

    def delete(self, request: ResourceRequest) -> None: ...


def as_bool(value: object) -> bool:
    """A boolean as CloudFormation hands it over: true, "true", "True"."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def as_int(value: object) -> int:
    return int(str(value))


def as_float(value: object) -> float:
    return float(str(value))
