"""Statements of a bus's policy come and go with their resources."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.eventbridge.event_bus_policies import EVENT_BUS_POLICY, EventBusPolicies
from rehearsal.aws.resource import ResourceRequest

BUS = "arn:aws:events:eu-west-1:111111111111:event-bus/hub"
STATEMENT = {"Effect": "Allow", "Principal": {"AWS": "333333333333"}, "Action": "events:PutEvents", "Resource": BUS}


def request(physical_id: str | None = None, **properties: Any) -> ResourceRequest:
    return ResourceRequest(
        account="111111111111",
        region="eu-west-1",
        stack_name="Hub",
        stack_id="stack",
        logical_id="Policy",
        resource_type=EVENT_BUS_POLICY,
        properties={"EventBusName": "hub", "StatementId": "one", **properties},
        physical_id=physical_id,
    )


def test_statement_is_the_buses_until_it_is_deleted() -> None:
    policies = EventBusPolicies()

    made = policies.create(request(Statement=STATEMENT))
    policies.create(request(StatementId="two", Statement={**STATEMENT, "Sid": "two"}))

    assert policies.document(BUS)["Statement"] == [STATEMENT, {**STATEMENT, "Sid": "two"}]
    assert policies.document(f"{BUS}-other")["Statement"] == []
    policies.delete(request(made.physical_id))
    assert [statement["Sid"] for statement in policies.document(BUS)["Statement"]] == ["two"]


def test_statement_that_changes_stays_one_and_another_id_is_a_replacement() -> None:
    policies = EventBusPolicies()
    made = policies.create(request(Statement=STATEMENT))

    same = policies.update(request(made.physical_id, Statement={**STATEMENT, "Effect": "Deny"}))
    other = policies.update(request(made.physical_id, StatementId="two", Statement=STATEMENT))

    assert same == made
    assert other != made
    policies.delete(request(made.physical_id))
    assert policies.document(BUS)["Statement"] == [STATEMENT]


@pytest.mark.parametrize(
    ("given", "principal", "condition"),
    [
        ({"Action": "events:PutEvents", "Principal": "333333333333"}, {"AWS": "333333333333"}, None),
        (
            {
                "Action": "events:PutEvents",
                "Principal": "*",
                "Condition": {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"},
            },
            "*",
            {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        ),
    ],
)
def test_parameters_of_put_permission_make_a_statement(given: dict[str, Any], principal: Any, condition: Any) -> None:
    policies = EventBusPolicies()

    policies.create(request(**given))

    (statement,) = policies.document(BUS)["Statement"]
    assert (statement["Principal"], statement["Resource"]) == (principal, BUS)
    assert statement.get("Condition") == condition


def test_policy_without_a_bus_is_the_default_buses() -> None:
    policies = EventBusPolicies()

    policies.create(request(EventBusName=None, Statement=STATEMENT))

    assert policies.document("arn:aws:events:eu-west-1:111111111111:event-bus/default")["Statement"] == [STATEMENT]
