"""Trust policies: whether a role trusts an AWS service, and how the local run may take such a role.

To the emulator nobody is a service: the account's root takes roles for services. A trust policy with a condition on
what the service acts for (`aws:SourceArn`, `aws:SourceAccount`: "The confused deputy problem") lets root not in, so on
its way in such a policy gets a statement that lets in root, and nobody else. Whoever takes the role for a service asks
`trusts` first. Pure functions: no AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.aws.iam.resource_policy import ServiceRequest, allows

ASSUME_ROLE = "sts:AssumeRole"
_SOURCE_KEYS = frozenset({"aws:sourcearn", "aws:sourceaccount"})
_ROOT = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
_ROOT_MAY = {
    "Effect": "Allow",
    "Principal": {"AWS": _ROOT},
    "Action": ASSUME_ROLE,
    "Condition": {"ArnEquals": {"aws:PrincipalArn": _ROOT}},
}


def with_root_beside_services(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of an AWS::IAM::Role of a template."""
    document = properties.get("AssumeRolePolicyDocument")
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(statements, list):
        return properties
    if not any(_has_source_condition(statement) for statement in statements):
        return properties
    return {**properties, "AssumeRolePolicyDocument": {**document, "Statement": [*statements, _ROOT_MAY]}}


def trusts(document: str | Mapping[str, Any], request: ServiceRequest) -> bool:
    """Whether the trust policy lets the service take the role; `request.resource` is the role's ARN."""
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    return allows({**policy, "Statement": [{**statement, "Resource": "*"} for statement in statements]}, request)


def _has_source_condition(statement: Any) -> bool:
    principal = statement.get("Principal") if isinstance(statement, Mapping) else None
    if not isinstance(principal, Mapping) or "Service" not in principal:
        return False
    conditions = statement.get("Condition")
    if not isinstance(conditions, Mapping):
        return False
    return any(key.lower() in _SOURCE_KEYS for keys in conditions.values() if isinstance(keys, Mapping) for key in keys)
