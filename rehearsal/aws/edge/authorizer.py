"""What a caller may do, for the operations that the edge answers itself: MiniStack's IAM decides.

It asks `iam:SimulatePrincipalPolicy`, so the caller's policies and their conditions count as for every other request.
Session policies and permissions boundaries are not part of that simulation. It must not know any service.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from rehearsal.aws.edge.credentials import Principal, Vault
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.edge.upstream import Upstream
from rehearsal.aws.service_api import ApiError

_DECISION = re.compile(rb"<EvalDecision>(\w+)</EvalDecision>")
_ASSUMED_ROLE = re.compile(r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.*")
_REGION = "us-east-1"


class Authorizer:
    """See the module."""

    def __init__(self, upstream: Upstream, vault: Vault) -> None:
        self._upstream = upstream
        self._vault = vault

    async def check(self, principal: Principal, action: str, resources: Sequence[str]) -> None:
        """`ApiError` AccessDeniedException, in AWS's words, unless the action is allowed on every resource."""
        if principal.is_root:
            return
        for resource in resources:
            decision = await self._decision(principal, action, resource)
            if decision != "allowed":
                raise ApiError("AccessDeniedException", _denial(principal, action, resource, decision))

    async def _decision(self, principal: Principal, action: str, resource: str) -> str:
        form = {
            "Action": "SimulatePrincipalPolicy",
            "Version": "2010-05-08",
            "PolicySourceArn": _policy_source(principal.arn),
            "ActionNames.member.1": action,
            "ResourceArns.member.1": resource,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        request = SignedRequest("POST", "/", headers, urlencode(form).encode())
        root = self._vault.principal(principal.account)
        assert root is not None, f"{principal.account} is no account"
        answer = await self._upstream.send_as(root, request, region=_REGION, service="iam")
        decision = _DECISION.search(answer.body)
        return decision.group(1).decode() if decision else "implicitDeny"


def _policy_source(arn: str) -> str:
    return _ASSUMED_ROLE.sub(r"arn:\g<partition>:iam::\g<account>:role/\g<role>", arn)


def _denial(principal: Principal, action: str, resource: str, decision: str) -> str:
    because = (
        "with an explicit deny in an identity-based policy"
        if decision == "explicitDeny"
        else f"because no identity-based policy allows the {action} action"
    )
    on_resource = "" if resource == "*" else f" on resource: {resource}"
    return f"User: {principal.arn} is not authorized to perform: {action}{on_resource} {because}"
