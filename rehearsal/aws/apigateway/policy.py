"""What a policy says of one call of an API: an authorizer's answer, or the resource policy of a REST API.

It must not know who wrote it. What is not understood here is never allowed: a statement with a condition that is not
known denies where it denies, and does not allow where it allows.

Sources: "Output from an API Gateway Lambda authorizer"; "API Gateway resource policies"; "IAM JSON policy elements".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

_INVOKE = "execute-api:invoke"
_SHORT = "execute-api:/"


class Decision(StrEnum):
    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


def decide(policy: Mapping[str, Any], arn: str, *, source_ip: str, is_resource_policy: bool = False) -> Decision:
    """`arn` is the method's: `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}/{path}`.

    A resource policy has to name everybody (`"Principal": "*"`): whoever is no IAM principal is anonymous to it.
    """
    decision = Decision.IMPLICIT_DENY
    for statement in _list(policy.get("Statement")):
        if not isinstance(statement, Mapping) or not _is_on(statement, arn):
            continue
        if is_resource_policy and not _is_about_anonymous(statement):
            continue
        holds = _conditions_hold(statement.get("Condition") or {}, source_ip)
        if statement.get("Effect") == "Deny" and holds is not False:
            return Decision.EXPLICIT_DENY
        if statement.get("Effect") == "Allow" and holds is True:
            decision = Decision.ALLOWED
    return decision


def resource_policy(text: str | Mapping[str, Any] | None, arn: str) -> Mapping[str, Any] | None:
    """The policy with whole ARNs for `execute-api:/…`; None where the API has none."""
    if not text:
        return None
    document = text if isinstance(text, str) else json.dumps(text)
    api = arn.split("/", 1)[0]
    policy = json.loads(document.replace(f'"{_SHORT}', f'"{api}/'))
    return policy if isinstance(policy, dict) else {}


def _is_on(statement: Mapping[str, Any], arn: str) -> bool:
    actions = [str(action).lower() for action in _list(statement.get("Action"))]
    resources = [str(resource) for resource in _list(statement.get("Resource"))]
    if "NotAction" in statement or "NotResource" in statement:
        return statement.get("Effect") == "Deny"
    return any(_is_like(_INVOKE, action) for action in actions) and any(_is_like(arn, known) for known in resources)


def _is_about_anonymous(statement: Mapping[str, Any]) -> bool:
    """Whoever a Deny excepts (`NotPrincipal`) is an IAM principal."""
    if "NotPrincipal" in statement:
        return statement.get("Effect") == "Deny"
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, Mapping) and "*" in _list(principal.get("AWS")))


def _conditions_hold(conditions: Mapping[str, Any], source_ip: str) -> bool | None:
    """None where one is not understood."""
    for operator, keys in conditions.items():
        for key, values in keys.items():
            if operator not in ("IpAddress", "NotIpAddress") or key.lower() != "aws:sourceip":
                return None
            is_inside = any(ip_address(source_ip) in ip_network(str(known), strict=False) for known in _list(values))
            if is_inside is (operator == "NotIpAddress"):
                return False
    return True


def _is_like(value: str, pattern: str) -> bool:
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
