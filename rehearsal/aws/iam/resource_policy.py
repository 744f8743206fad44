"""Whether a resource's policy lets somebody do something: EventBridge publish to a topic, a role put events on a bus.

The emulator asks this for some services and not for others. It must not call AWS, nor know who asks. A condition with
a key or an operator that is not known here does not hold, so what is not understood is not allowed.
Source: "Policy evaluation logic" and "IAM JSON policy elements" of the IAM user guide.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol


class Request(Protocol):
    """What a policy is asked about."""

    @property
    def action(self) -> str: ...

    @property
    def resource(self) -> str: ...

    def is_named(self, principal: Any) -> bool:
        """Whether a statement's Principal is, or includes, who asks."""
        ...

    def context(self) -> Mapping[str, str]:
        """The condition keys of the request, in lower case."""
        ...


@dataclass(frozen=True, kw_only=True)
class ServiceRequest:
    """A request of a service principal (`events.amazonaws.com`), on behalf of the resource `source_arn`."""

    service: str
    action: str
    resource: str
    source_arn: str
    source_account: str

    def is_named(self, principal: Any) -> bool:
        if isinstance(principal, Mapping):
            return self.service in _list(principal.get("Service")) or "*" in _list(principal.get("AWS"))
        return bool(principal == "*")

    def context(self) -> Mapping[str, str]:
        return {
            "aws:sourcearn": self.source_arn,
            "aws:sourceaccount": self.source_account,
            "aws:sourceowner": self.source_account,
            "aws:principalservicename": self.service,
            "aws:principalisawsservice": "true",
            "aws:securetransport": "true",
        }


@dataclass(frozen=True, kw_only=True)
class RoleRequest:
    """A request of a role's session; `keys` are the condition keys that the service adds, in lower case."""

    role_arn: str
    action: str
    resource: str
    keys: Mapping[str, str]

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]

    def is_named(self, principal: Any) -> bool:
        """By itself, by its account, or as anybody."""
        if not isinstance(principal, Mapping):
            return bool(principal == "*")
        partition = self.role_arn.split(":")[1]
        names = {"*", self.account, f"arn:{partition}:iam::{self.account}:root", self.role_arn}
        return not names.isdisjoint(_list(principal.get("AWS")))

    def context(self) -> Mapping[str, str]:
        return {
            "aws:principalarn": self.role_arn,
            "aws:principalaccount": self.account,
            "aws:principaltype": "AssumedRole",
            "aws:principalisawsservice": "false",
            "aws:securetransport": "true",
            **self.keys,
        }


def allows(policy: str | Mapping[str, Any], request: Request) -> bool:
    """A statement allows it, and none denies it; `policy` is the document, "" for none."""
    if not policy:
        return False
    document = json.loads(policy) if isinstance(policy, str) else policy
    effects = {str(statement.get("Effect")) for statement in _list(document["Statement"]) if _is_on(statement, request)}
    return effects == {"Allow"}


def _is_on(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        request.is_named(statement.get("Principal"))
        and any(_is_like(request.action.lower(), str(action).lower()) for action in _list(statement.get("Action")))
        and any(_is_like(request.resource, str(resource)) for resource in _list(statement.get("Resource")))
        and all(
            _holds(operator, key, _list(values), request.context())
            for operator, keys in (statement.get("Condition") or {}).items()
            for key, values in keys.items()
        )
    )


def _holds(operator: str, key: str, values: list[Any], context: Mapping[str, str]) -> bool:
    compares = _OPERATORS.get(operator.removesuffix("IfExists"))
    value = context.get(key.lower())
    if compares is None:
        return False
    if value is None:
        return operator.endswith("IfExists")
    return any(compares(value, str(wanted)) for wanted in values)


def _is_like(value: str, pattern: str) -> bool:
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _is_true_as(value: str, wanted: str) -> bool:
    return value == wanted.lower()


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": _is_like,
    "ArnEquals": _is_like,
    "ArnLike": _is_like,
    "Bool": _is_true_as,
}


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
