from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.aws.iam.resource_policy import ServiceRequest
from rehearsal.aws.iam.trust import ASSUME_ROLE, trusts, with_root_beside_services

GROUP = "arn:aws:scheduler:eu-west-1:222222222222:schedule-group/default"
REQUEST = ServiceRequest(
    service="scheduler.amazonaws.com",
    action=ASSUME_ROLE,
    resource="arn:aws:iam::222222222222:role/r",
    source_arn=GROUP,
    source_account="222222222222",
)


def trust(condition: Mapping[str, Any] | None = None, *, service: str = "scheduler.amazonaws.com") -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": service}, "Action": ASSUME_ROLE}
    if condition:
        statement["Condition"] = {"StringEquals": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_role_trusts_the_service_that_it_names_for_what_its_condition_names() -> None:
    assert trusts(trust(), REQUEST)
    assert trusts(trust({"aws:SourceArn": GROUP, "aws:SourceAccount": "222222222222"}), REQUEST)
    assert not trusts(trust(service="lambda.amazonaws.com"), REQUEST)
    assert not trusts(trust({"aws:SourceArn": GROUP.replace("default", "other")}), REQUEST)


def test_root_is_let_in_only_beside_a_service_with_a_condition_on_its_source() -> None:
    plain = {"AssumeRolePolicyDocument": trust()}
    bound = {"AssumeRolePolicyDocument": trust({"aws:SourceAccount": {"Ref": "AWS::AccountId"}})}

    assert with_root_beside_services(plain) == plain
    *_, added = with_root_beside_services(bound)["AssumeRolePolicyDocument"]["Statement"]
    assert added["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert "aws:PrincipalArn" in added["Condition"]["ArnEquals"]


def test_root_that_was_let_in_is_no_service() -> None:
    document = with_root_beside_services(
        {"AssumeRolePolicyDocument": trust({"aws:SourceAccount": "222222222222"}, service="lambda.amazonaws.com")}
    )["AssumeRolePolicyDocument"]

    assert not trusts(document, REQUEST)


@pytest.mark.parametrize("principal", [5, "*", ["lambda.amazonaws.com"], None])
def test_a_statement_that_names_no_service_lets_nobody_in_beside_it(principal: Any) -> None:
    statement = {"Principal": principal, "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}
    properties = {"AssumeRolePolicyDocument": {"Statement": [statement]}}

    assert with_root_beside_services(properties) == properties
