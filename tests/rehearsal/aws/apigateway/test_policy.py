from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.apigateway.policy import Decision, decide, resource_policy

ARN = "arn:aws:execute-api:eu-west-1:111111111111:abc/prod/GET/cars/7"
EVERY = "arn:aws:execute-api:eu-west-1:111111111111:abc/*"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(resource: Any = EVERY, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource, **more}


@pytest.mark.parametrize(
    ("document", "decision"),
    [
        (policy(allow()), Decision.ALLOWED),
        (policy(allow([EVERY, "other"])), Decision.ALLOWED),
        (policy(allow(Action="execute-api:*")), Decision.ALLOWED),
        (policy(allow(Action="*")), Decision.ALLOWED),
        (policy(allow(ARN.replace("/7", "/?"))), Decision.ALLOWED),
        (policy(allow(ARN.replace("GET", "POST"))), Decision.IMPLICIT_DENY),
        (policy(allow(Action="execute-api:ManageConnections")), Decision.IMPLICIT_DENY),
        (policy(), Decision.IMPLICIT_DENY),
        ({}, Decision.IMPLICIT_DENY),
        (policy(allow(), allow(Effect="Deny")), Decision.EXPLICIT_DENY),
        (policy(allow(), allow(ARN.replace("GET", "POST"), Effect="Deny")), Decision.ALLOWED),
        ({"Statement": allow()}, Decision.ALLOWED),
        (policy(allow(Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}})), Decision.ALLOWED),
        (policy(allow(Condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}})), Decision.IMPLICIT_DENY),
        (policy(allow(Condition={"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}})), Decision.ALLOWED),
        (policy(allow(Condition={"StringEquals": {"aws:SourceVpc": "v"}})), Decision.IMPLICIT_DENY),
        (
            policy(allow(), allow(Effect="Deny", Condition={"StringNotEquals": {"aws:SourceVpc": "v"}})),
            Decision.EXPLICIT_DENY,
        ),
        (policy({"Effect": "Allow", "Action": "*", "NotResource": "x"}), Decision.IMPLICIT_DENY),
    ],
)
def test_what_is_not_understood_is_not_allowed(document: dict[str, Any], decision: Decision) -> None:
    assert decide(document, ARN, source_ip="127.0.0.1") is decision


@pytest.mark.parametrize(
    ("principal", "decision"),
    [
        ("*", Decision.ALLOWED),
        ({"AWS": "*"}, Decision.ALLOWED),
        ({"AWS": ["arn:aws:iam::111111111111:root"]}, Decision.IMPLICIT_DENY),
        (None, Decision.IMPLICIT_DENY),
    ],
)
def test_a_resource_policy_has_to_name_everybody(principal: Any, decision: Decision) -> None:
    document = policy(allow("execute-api:/prod/*", Principal=principal))

    read = resource_policy(json.dumps(document), ARN)

    assert read is not None
    assert decide(read, ARN, source_ip="127.0.0.1", is_resource_policy=True) is decision


@pytest.mark.parametrize(("effect", "decision"), [("Deny", Decision.EXPLICIT_DENY), ("Allow", Decision.IMPLICIT_DENY)])
def test_whoever_a_resource_policy_excepts_is_not_anonymous(effect: str, decision: Decision) -> None:
    everybody = [allow(ARN, Principal="*")] if effect == "Deny" else []
    excepting = {**allow(ARN), "Effect": effect, "NotPrincipal": {"AWS": "arn:aws:iam::111111111111:role/known"}}

    document = policy(*everybody, excepting)

    assert decide(document, ARN, source_ip="127.0.0.1", is_resource_policy=True) is decision


def test_an_api_without_a_policy_has_none() -> None:
    assert resource_policy("", ARN) is None
