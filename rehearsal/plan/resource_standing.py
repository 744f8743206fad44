"""What becomes of each resource type, and of its properties: it works, it is stored only, or it is refused.

The table is data (resource_types.toml). It must not read files of the project; plan.py hands it what was read.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("resource_types.toml")


class Standing(StrEnum):
    """WORKS: as on AWS. STORED: deployed, and what AWS does with it is not rehearsed. REFUSED: stops the plan."""

    WORKS = "works"
    STORED = "stored"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class TypeGroup:
    """Types of one standing for one reason; `why` is "" for those that work."""

    standing: Standing
    service: str
    why: str
    types: tuple[str, ...]
    is_quiet: bool


@dataclass(frozen=True, kw_only=True)
class PropertyGroup:
    """Properties of a type, as paths ("MethodSettings.LoggingLevel"); lists are walked through."""

    standing: Standing
    type: str
    why: str
    paths: tuple[str, ...]
    is_quiet: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """`metrics` are those of AWS's services that are measured here, by namespace; `zero_metrics` those always 0."""

    types: tuple[TypeGroup, ...]
    properties: tuple[PropertyGroup, ...]
    metrics: Mapping[str, tuple[str, ...]]
    zero_metrics: Mapping[str, tuple[str, ...]]

    def group_of(self, resource_type: str) -> TypeGroup | None:
        return next((group for group in self.types if resource_type in group.types), None)


@dataclass(frozen=True, kw_only=True)
class StoredOnly:
    """What of an app is stored only, for one reason: `AWS::EC2::VPC, Subnet (6)`, `AWS::SQS::Queue DelaySeconds`.

    What is quiet can decide no release.
    """

    what: str
    count: int
    why: str
    is_quiet: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@cache
def resource_table() -> Table:
    """The table as resource_types.toml has it."""
    data = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return Table(
        types=tuple(
            TypeGroup(
                standing=standing,
                service=row["service"],
                why=row.get("why", ""),
                types=tuple(row["types"]),
                is_quiet=row.get("quiet", False),
            )
            for standing in Standing
            for row in data[standing]
        ),
        properties=tuple(
            PropertyGroup(
                standing=standing,
                type=row["type"],
                why=row["why"],
                paths=tuple(row[standing]),
                is_quiet=row.get("quiet", False),
            )
            for row in data["property"]
            for standing in (Standing.STORED, Standing.REFUSED)
            if standing in row
        ),
        metrics={row["namespace"]: tuple(row["names"]) for row in data["metrics"]},
        zero_metrics={row["namespace"]: tuple(row.get("zero", ())) for row in data["metrics"]},
    )


def stored_only(resources: Iterable[Mapping[str, Any]]) -> tuple[StoredOnly, ...]:
    """What of the resources of an app (as templates have them) is stored only: types by reason, then properties."""
    listed = list(resources)
    kinds = Counter(str(resource.get("Type")) for resource in listed)
    return (*_stored_types(kinds), *_stored_properties(listed))


def refused_type(resource_type: str) -> str | None:
    """Why the type stops the plan; "" where the table does not know it, None where it does not."""
    if resource_type.startswith("Custom::"):
        return None
    group = resource_table().group_of(resource_type)
    if group is None:
        return ""
    return group.why if group.standing is Standing.REFUSED else None


def refused_properties(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The paths of a resource that stop the plan, each with why."""
    for group in resource_table().properties:
        if group.standing is Standing.REFUSED and group.type == resource.get("Type"):
            for path in group.paths:
                if _has(resource.get("Properties"), path.split(".")):
                    yield path, group.why


def _stored_types(kinds: Mapping[str, int]) -> Iterator[StoredOnly]:
    for group in resource_table().types:
        found = {kind: kinds[kind] for kind in group.types if kind in kinds}
        if group.standing is Standing.STORED and found:
            count = sum(found.values())
            yield StoredOnly(what=short_names(found), count=count, why=group.why, is_quiet=group.is_quiet)


def _stored_properties(resources: list[Mapping[str, Any]]) -> Iterator[StoredOnly]:
    for group in resource_table().properties:
        if group.standing is not Standing.STORED:
            continue
        mine = [resource.get("Properties") for resource in resources if resource.get("Type") == group.type]
        counts = {path: sum(_has(properties, path.split(".")) for properties in mine) for path in group.paths}
        found = {path: count for path, count in counts.items() if count}
        if found:
            names = ", ".join(_times(path, count) for path, count in found.items())
            count = max(found.values())
            yield StoredOnly(what=f"{group.type} {names}", count=count, why=group.why, is_quiet=group.is_quiet)


def short_names(kinds: Mapping[str, int]) -> str:
    """`AWS::EC2::Subnet (6), VPC, AWS::ECS::Cluster`: a service is named once, a count where it is more than one."""
    names, last = [], ""
    for kind, count in kinds.items():
        service, _, name = kind.rpartition("::")
        names.append(_times(kind if service != last else name, count))
        last = service
    return ", ".join(names)


def _times(name: str, count: int) -> str:
    return f"{name} ({count})" if count > 1 else name


def _has(value: Any, path: list[str]) -> bool:
    """Whether there is something at the path, through lists; false, "false" and what is empty are nothing."""
    if isinstance(value, list):
        return any(_has(item, path) for item in value)
    if not path:
        return bool(value) and value != "false"
    return isinstance(value, Mapping) and _has(value.get(path[0]), path[1:])
