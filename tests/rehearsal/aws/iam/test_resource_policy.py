from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.iam.resource_policy import RoleRequest, ServiceRequest, allows

TOPIC = "arn:aws:sns:eu-west-1:222222222222:operators"
RULE = "arn:aws:events:eu-west-1:222222222222:rule/cars/updated"
REQUEST = ServiceRequest(
    service="events.amazonaws.com",
    action="sns:Publish",
    resource=TOPIC,
    source_arn=RULE,
    source_account="222222222222",
)
ALLOW = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": TOPIC,
}
INSECURE = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Resource": TOPIC,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def with_condition(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {**ALLOW, "Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([ALLOW], True),
        ([INSECURE], False),
        ([INSECURE, ALLOW], True),
        ([{**ALLOW, "Effect": "Deny"}, ALLOW], False),
        ([{**ALLOW, "Principal": {"Service": ["s3.amazonaws.com", "events.amazonaws.com"]}}], True),
        ([{**ALLOW, "Principal": {"Service": "cloudwatch.amazonaws.com"}}], False),
        ([{**ALLOW, "Principal": {"AWS": "*"}}], True),
        ([{**ALLOW, "Principal": {"AWS": "arn:aws:iam::222222222222:root"}}], False),
        ([{**ALLOW, "Action": ["SNS:Subscribe", "SNS:Publish"]}], True),
        ([{**ALLOW, "Action": "sns:*"}], True),
        ([{**ALLOW, "Action": "sns:Subscribe"}], False),
        ([{**ALLOW, "Resource": "*"}], True),
        ([{**ALLOW, "Resource": f"{TOPIC}-other"}], False),
        ([with_condition("ArnEquals", "aws:SourceArn", RULE)], True),
        ([with_condition("ArnLike", "aws:SourceArn", "arn:aws:events:*:222222222222:rule/*")], True),
        ([with_condition("ArnLike", "aws:SourceArn", "arn:aws:events:*:111111111111:rule/*")], False),
        ([with_condition("StringEquals", "AWS:SourceOwner", "222222222222")], True),
        ([with_condition("StringEquals", "aws:SourceAccount", ["111111111111", "222222222222"])], True),
        ([with_condition("StringEquals", "aws:SourceAccount", "111111111111")], False),
        ([with_condition("Bool", "aws:SecureTransport", True)], True),
        ([with_condition("StringEquals", "aws:PrincipalOrgID", "o-1")], False),
        ([with_condition("StringEqualsIfExists", "aws:PrincipalOrgID", "o-1")], True),
        ([with_condition("DateGreaterThan", "aws:CurrentTime", "2020-01-01")], False),
    ],
)
def test_a_service_is_allowed_what_a_statement_allows_and_none_denies(
    statements: list[dict[str, Any]], allowed: bool
) -> None:
    document = {"Version": "2012-10-17", "Statement": statements}

    assert allows(document, REQUEST) is allowed
    assert allows(json.dumps(document), REQUEST) is allowed


def test_a_resource_without_a_policy_allows_no_service() -> None:
    assert not allows("", REQUEST)


BUS = "arn:aws:events:eu-west-1:111111111111:event-bus/hub"
ROLE = "arn:aws:iam::333333333333:role/forwarder"
OF_ROLE = RoleRequest(role_arn=ROLE, action="events:PutEvents", resource=BUS, keys={"events:source": "aws.codedeploy"})


@pytest.mark.parametrize(
    ("principal", "condition", "allowed"),
    [
        ({"AWS": "arn:aws:iam::333333333333:root"}, {}, True),
        ({"AWS": "333333333333"}, {}, True),
        ({"AWS": ROLE}, {}, True),
        ("*", {}, True),
        ({"AWS": "arn:aws:iam::222222222222:root"}, {}, False),
        (ROLE, {}, False),
        ({"Service": "events.amazonaws.com"}, {}, False),
        ({"AWS": "*"}, {"ArnEquals": {"aws:PrincipalArn": ROLE}}, True),
        ({"AWS": "*"}, {"ArnEquals": {"aws:PrincipalArn": f"{ROLE}-other"}}, False),
        ({"AWS": "*"}, {"StringEquals": {"events:source": "aws.codedeploy"}}, True),
        ({"AWS": "*"}, {"StringEquals": {"events:source": ["aws.ec2", "acs"]}}, False),
        ({"AWS": "*"}, {"StringEquals": {"events:detail-type": "x"}}, False),
    ],
)
def test_role_of_another_account_is_named_by_itself_or_its_account(
    principal: Any, condition: dict[str, Any], allowed: bool
) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "events:PutEvents",
        "Resource": BUS,
        "Condition": condition,
    }

    assert allows({"Statement": [statement]}, OF_ROLE) is allowed
