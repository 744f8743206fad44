"""IAM and bucket policies, made fit for the emulator's IAM, which lacks some things that pipelines need and misnames
some operations.

- Self-mutation may assume "the roles tagged aws-cdk:bootstrap-role = deploy, file-publishing". MiniStack has no
  `iam:ResourceTag` when it authorizes AssumeRole. The bootstrap template names each of these roles by its tag
  (`cdk-QUALIFIER-TAG-role-ACCOUNT-REGION`), so the same roles are allowed by their names.
- A bootstrapped account's deploy role may read artifacts in buckets whose `s3:ResourceAccount` is not its own account.
  To MiniStack every bucket is the caller's. The account's own bucket that it could be about is the one of its assets,
  so that one is left out by its name.
- A bucket policy names roles of other accounts. To MiniStack a caller from another account is that account's root, so
  the account is named beside its role; which of its roles may read is left to their own policies.
- A condition on `aws:PrincipalArn` means the role of an assumed session ("AWS global condition context keys"). To
  MiniStack it is the session's own ARN, so that one is allowed beside the role's.
- MiniStack does not know `aws:ViaAWSService`. Here everybody calls for themselves, so a condition that it is false is
  met. CDK wrote a service's name in the place of true or false for a year, and every role was let in
  (github.com/aws/aws-cdk/pull/25316): to IAM, what is not true is false.
- MiniStack does not know `s3:if-none-match` and `s3:if-match`: to it, every write would lack the header. A statement of
  a bucket policy that denies what lacks one is left out. What the headers ask for is served.
- To MiniStack, reading, changing or deleting one alias of a function is `lambda:ListAliases`, so who may do one of
  these may do that. Likewise the batch requests of SQS, which AWS authorizes as the single ones ("Amazon SQS API
  permissions: Actions and resource reference").

Everything else of a policy stays as it is. Pure functions: no AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from rehearsal.aws.iam.sub_text import as_sub_text, as_value
from rehearsal.aws.iam.trust import with_root_beside_services

_TAG = "iam:ResourceTag/aws-cdk:bootstrap-role"
_ANY_ROLE = ":role/*"
_TAG_OPERATORS = ("StringEquals", "ForAnyValue:StringEquals")
_BUCKET_OWNER = "s3:ResourceAccount"
_OWN_ASSETS = "arn:${AWS::Partition}:s3:::cdk-*-assets-${AWS::AccountId}-*"

_PRINCIPAL = "aws:PrincipalArn"
_PRINCIPAL_OPERATORS = ("ArnLike", "ArnEquals", "StringLike", "ArnNotLike", "ArnNotEquals")
_PART = r"((?:\$\{[^}]*\}|[^:$])*)"  # of an ARN; a variable of Fn::Sub has colons of its own
_ROLE_ARN = re.compile(rf"^arn:{_PART}:iam::{_PART}:role/(?:.*/)?([^/]+)$")

_VIA_SERVICE = "aws:ViaAWSService"

_WRITE_HEADERS = ("s3:if-none-match", "s3:if-match")

_ROLE_OF_ACCOUNT = re.compile(r":iam::(\d{12}):role/")

_ASKED_FOR = {
    "lambda:ListAliases": frozenset({"lambda:getalias", "lambda:updatealias", "lambda:deletealias"}),
    "sqs:SendMessageBatch": frozenset({"sqs:sendmessage"}),
    "sqs:DeleteMessageBatch": frozenset({"sqs:deletemessage"}),
    "sqs:ChangeMessageVisibilityBatch": frozenset({"sqs:changemessagevisibility"}),
}
"""What MiniStack asks for, by any of which AWS authorizes the same request."""

Statement = Mapping[str, Any]


def fit_policies(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """A resource of any type; only the policies of roles and of buckets change."""
    match resource.get("Type"):
        case "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy":
            return {**resource, "Properties": name_resources(resource.get("Properties") or {})}
        case "AWS::IAM::Role":
            properties = name_resources(resource.get("Properties") or {})
            return {**resource, "Properties": with_root_beside_services(properties)}
        case "AWS::S3::BucketPolicy":
            properties = without_write_headers(resource.get("Properties") or {})
            return {**resource, "Properties": _name_callers(name_accounts(properties))}
        case _:
            return resource


def name_resources(value: Any) -> Any:
    """The resource's properties with every such statement of their policy documents rewritten."""
    if isinstance(value, list):
        return [name_resources(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "Effect" in value:
        statement = _without_service(_name_asked_for(value))
        if isinstance(statement.get("Condition"), Mapping):
            statement = _name_sessions(statement)
            return _name_buckets(_name_roles(statement)) if "Resource" in statement else statement
        return statement
    return {key: name_resources(item) for key, item in value.items()}


def name_accounts(value: Any) -> Any:
    """The resource's properties; where a principal is a role of an account, the account is one too."""
    if isinstance(value, list):
        return [name_accounts(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    principal = value.get("Principal")
    if value.get("Effect") == "Allow" and isinstance(principal, Mapping) and "AWS" in principal:
        names = _as_list(principal["AWS"])
        accounts = [{"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{account}:root"} for account in _accounts(names)]
        return {**value, "Principal": {**principal, "AWS": [*names, *accounts]}} if accounts else value
    return {key: name_accounts(item) for key, item in value.items()}


def without_write_headers(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The bucket policy's properties without statements that deny a write for the header that it lacks."""
    document = properties.get("PolicyDocument")
    if not isinstance(document, Mapping):
        return properties
    kept = [one for one in _as_list(document.get("Statement")) if not _denies_without_header(one)]
    return {**properties, "PolicyDocument": {**document, "Statement": kept}}


def _denies_without_header(statement: Any) -> bool:
    if not isinstance(statement, Mapping) or statement.get("Effect") != "Deny":
        return False
    return any(_asked(statement, "Null", header) is not None for header in _WRITE_HEADERS)


def _name_callers(value: Any) -> Any:
    """The bucket policy's properties; where a condition names a role, it names the role's sessions too."""
    if isinstance(value, list):
        return [_name_callers(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "Effect" in value:
        return _name_sessions(value) if isinstance(value.get("Condition"), Mapping) else value
    return {key: _name_callers(item) for key, item in value.items()}


def _accounts(principals: list[Any]) -> Iterator[str]:
    """The accounts of roles, each once; an ARN may be a text or joined from parts, its account is always literal."""
    found = [match.group(1) for name in principals if (match := _ROLE_OF_ACCOUNT.search(json.dumps(name)))]
    yield from dict.fromkeys(found)


def _name_asked_for(statement: Statement) -> Statement:
    """Actions are patterns, and letters' case does not count in them ("IAM JSON policy elements: Action")."""
    actions = _as_list(statement.get("Action"))
    patterns = [str(action).lower() for action in actions]

    def is_named(action: str) -> bool:
        return any(fnmatchcase(action.lower(), pattern) for pattern in patterns)

    added = [asked for asked, means in _ASKED_FOR.items() if not is_named(asked) and any(map(is_named, means))]
    return {**statement, "Action": [*actions, *added]} if added else statement


def _name_roles(statement: Statement) -> Statement:
    """An account that is not literal is joined from pseudo parameters: the stack is environment-agnostic."""
    resources = [as_sub_text(resource) or "" for resource in _as_list(statement["Resource"])]
    is_any_role = all(resource.endswith(_ANY_ROLE) for resource in resources)
    for operator in _TAG_OPERATORS:
        tags = _as_list(_asked(statement, operator, _TAG))
        if is_any_role and tags:
            names = [f"{resource.removesuffix('*')}cdk-*-{tag}-role-*" for resource in resources for tag in tags]
            return {**_without(statement, operator, _TAG), "Resource": [as_value(name) for name in names]}
    return statement


def _name_buckets(statement: Statement) -> Statement:
    owner = _asked(statement, "StringNotEquals", _BUCKET_OWNER)
    if statement["Resource"] != "*" or as_sub_text(owner) != "${AWS::AccountId}":
        return statement
    rest = _without(statement, "StringNotEquals", _BUCKET_OWNER)
    del rest["Resource"]
    return {**rest, "NotResource": [{"Fn::Sub": _OWN_ASSETS}]}


def _name_sessions(statement: Statement) -> Statement:
    """Only where the operator takes patterns: the name of a session is not known before it is there."""
    conditions = dict(statement["Condition"])
    for operator in _PRINCIPAL_OPERATORS:
        roles = _as_list(_asked(statement, operator, _PRINCIPAL))
        sessions = [_sessions_of(role) for role in roles]
        if roles and all(sessions):
            conditions[operator] = {**conditions[operator], _PRINCIPAL: [*roles, *sessions]}
    return {**statement, "Condition": conditions}


def _without_service(statement: Statement) -> Statement:
    if not isinstance(statement.get("Condition"), Mapping):
        return statement
    values = [str(value).lower() for value in _as_list(_asked(statement, "Bool", _VIA_SERVICE))]
    return statement if values in ([], ["true"]) else _without(statement, "Bool", _VIA_SERVICE)


def _sessions_of(role: Any) -> Any:
    """The pattern of the ARNs of a role's sessions; the role is an ARN, or one of the same template. Else None."""
    match role:
        case {"Fn::GetAtt": [str(logical_id), "Arn"]}:
            return {"Fn::Sub": f"arn:${{AWS::Partition}}:sts::${{AWS::AccountId}}:assumed-role/${{{logical_id}}}/*"}
        case _:
            text = as_sub_text(role) or ""
            return as_value(_ROLE_ARN.sub(r"arn:\1:sts::\2:assumed-role/\3/*", text)) if _ROLE_ARN.match(text) else None


def _asked(statement: Statement, operator: str, key: str) -> Any:
    keys = (statement.get("Condition") or {}).get(operator)
    return keys.get(key) if isinstance(keys, Mapping) else None


def _without(statement: Statement, operator: str, key: str) -> dict[str, Any]:
    """The statement without that key of its condition."""
    conditions = {
        name: {other: value for other, value in keys.items() if (name, other) != (operator, key)}
        for name, keys in statement["Condition"].items()
    }
    left = {name: keys for name, keys in conditions.items() if keys}
    rest = {name: value for name, value in statement.items() if name != "Condition"}
    return {**rest, "Condition": left} if left else rest


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
