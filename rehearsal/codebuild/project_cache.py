"""Whether the deployed project keeps what its buildspec's cache/paths name, read from the template that made it.

It must not read or write a cache: local_cache.py does. The emulator's projects lack the property.
Source: CloudFormation template reference, "AWS::CodeBuild::Project ProjectCache"; CodeBuild user guide, "Cache builds
to improve performance": a local cache keeps the buildspec's folders in custom mode alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import boto3

_PROJECT = "AWS::CodeBuild::Project"


def has_cache(project: str, *, session: boto3.Session) -> bool:
    """`project` is its name; `session` sees the stacks of its account and region."""
    cloudformation = cast("Any", session.client("cloudformation"))
    for stack, logical_id in _places(project, cloudformation):
        resources = cloudformation.get_template(StackName=stack)["TemplateBody"]["Resources"]
        return _keeps_paths((resources[logical_id].get("Properties") or {}).get("Cache") or {})
    return False


def _keeps_paths(cache: Mapping[str, Any]) -> bool:
    kind = cache.get("Type", "NO_CACHE")
    return kind == "S3" or (kind == "LOCAL" and "LOCAL_CUSTOM_CACHE" in cache.get("Modes", ()))


def _places(project: str, cloudformation: Any) -> Iterator[tuple[str, str]]:
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            for part in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack["StackName"]):
                for resource in part["StackResourceSummaries"]:
                    if resource["ResourceType"] == _PROJECT and resource.get("PhysicalResourceId") == project:
                        yield stack["StackName"], resource["LogicalResourceId"]
