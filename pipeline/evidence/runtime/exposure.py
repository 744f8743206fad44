"""What lets others in without a statement that AWS's library reads: authorization that is switched off, a boundary that
goes, a policy of a type that it does not know.

In: the resources that change, as template_diff.mjs tells them. It must not judge whether that is right.
Sources: CloudFormation template reference, of each type below; IAM user guide, "Permissions boundaries".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.evidence.runtime.model import Access

_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_LONGEST = 300


def _asks_who(value: Any) -> bool:
    return value not in (None, "NONE")


def _is_set(value: Any) -> bool:
    return bool(value)


def _blocks_all(value: Any) -> bool:
    return isinstance(value, Mapping) and all(value.get(name) in (True, "true") for name in _BLOCKS)


GUARDS: Mapping[tuple[str, str], Callable[[Any], bool]] = {
    ("AWS::ApiGateway::Method", "AuthorizationType"): _asks_who,
    ("AWS::ApiGateway::Method", "ApiKeyRequired"): _is_set,
    ("AWS::ApiGatewayV2::Route", "AuthorizationType"): _asks_who,
    ("AWS::Lambda::Url", "AuthType"): _asks_who,
    ("AWS::IAM::Role", "PermissionsBoundary"): _is_set,
    ("AWS::IAM::User", "PermissionsBoundary"): _is_set,
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration"): _blocks_all,
}
"""Properties that keep somebody out, by type, and whether a value (None: there is none) does."""

POLICIES: Mapping[str, str] = {
    "AWS::DynamoDB::Table": "ResourcePolicy",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::Events::EventBus": "Policy",
    "AWS::Events::EventBusPolicy": "Statement",
    "AWS::Kinesis::ResourcePolicy": "ResourcePolicy",
    "AWS::Lambda::LayerVersionPermission": "Principal",
    "AWS::Logs::ResourcePolicy": "PolicyDocument",
    "AWS::S3::AccessPoint": "Policy",
}
"""The property that says who may, of types whose policies the library does not read."""


def exposures(differences: Sequence[Mapping[str, Any]]) -> tuple[Access, ...]:
    """One for each guard that goes or that a new resource does without, and for each policy that is new or another."""
    return tuple(
        access
        for difference in differences
        for resource in difference["resources"]
        for access in _of(difference["name"], resource)
    )


def _of(stack: str, resource: Mapping[str, Any]) -> Iterator[Access]:
    kind, created = resource["newType"], resource["created"]
    changed = {each["name"]: (each["before"], each["after"]) for each in resource["properties"]}
    for (guarded, name), guards in GUARDS.items():
        if kind != guarded:
            continue
        before, after = changed.get(name, (None, None))
        if guards(before) and not guards(after):
            yield _access(stack, resource, f"{name} is {_text(after)}, and was {_text(before)}")
        elif created is not None and name in _LOCKS and not guards(created.get(name)):
            yield _access(stack, resource, f"{name} is {_text(created.get(name))}")
    if kind in POLICIES:
        name = POLICIES[kind]
        before, after = changed.get(name, (None, (created or {}).get(name)))
        if before or after:
            was = f", and was {_text(before)}" if before else ""
            yield _access(stack, resource, f"{name} is {_text(after)}{was}")


_LOCKS = ("AuthorizationType", "AuthType")
"""Without which a new resource is open; a new role without a boundary is no news."""


def _access(stack: str, resource: Mapping[str, Any], what: str) -> Access:
    return Access(
        stack=stack,
        kind="exposure",
        effect="Allow",
        who="whoever comes",
        what=what,
        on=f"{resource['logicalId']} ({resource['newType']})",
        details="",
    )


def _text(value: Any) -> str:
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
