"""Policies that allow AssumeRole by the bootstrap roles' tags, made fit for an emulator that knows no tags of roles.

CDK Pipelines lets self-mutation assume "the roles tagged aws-cdk:bootstrap-role = deploy, file-publishing, …". MiniStack
has no `iam:ResourceTag` when it authorizes AssumeRole, so such a statement never applies. The bootstrap template names
each of these roles by its tag (`cdk-QUALIFIER-TAG-role-ACCOUNT-REGION`), so the same roles are allowed by their names:
no role more, and none less, unless a changed bootstrap template names them otherwise. Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TAG = "iam:ResourceTag/aws-cdk:bootstrap-role"
_ANY_ROLE = ":role/*"
_OPERATORS = ("StringEquals", "ForAnyValue:StringEquals")


def allow_by_name(value: Any) -> Any:
    """The resource's properties with every such statement of their policy documents rewritten; others as they are."""
    if isinstance(value, list):
        return [allow_by_name(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "Effect" in value and "Condition" in value and "Resource" in value:
        return _rewrite_statement(value)
    return {key: allow_by_name(item) for key, item in value.items()}


def _rewrite_statement(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    resources = _as_list(statement["Resource"])
    conditions = statement["Condition"]
    is_any_role = all(isinstance(resource, str) and resource.endswith(_ANY_ROLE) for resource in resources)
    for operator in _OPERATORS:
        keys = conditions.get(operator) if isinstance(conditions, Mapping) else None
        if not is_any_role or not isinstance(keys, Mapping) or _TAG not in keys:
            continue
        named = [
            f"{resource.removesuffix('*')}cdk-*-{tag}-role-*" for resource in resources for tag in _as_list(keys[_TAG])
        ]
        other_keys = {key: value for key, value in keys.items() if key != _TAG}
        left = {name: value for name, value in conditions.items() if name != operator}
        if other_keys:
            left[operator] = other_keys
        kept = {key: value for key, value in statement.items() if key != "Condition"}
        return {**kept, "Resource": named, **({"Condition": left} if left else {})}
    return statement


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
