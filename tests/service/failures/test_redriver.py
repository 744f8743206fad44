"""What the redriver's policy allows is what the runbook says, on the stage's own resources."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.assembly import Assembly
from tests.synthesis import ROOT

ACTION = re.compile(r"`((?:cloudformation|sqs|sns|lambda|dynamodb|kinesis):\w+)`")


@pytest.fixture
def statements(assembly: Assembly) -> list[dict[str, Any]]:
    policy = assembly.stage_template("Prod", "Operators").only("AWS::IAM::ManagedPolicy")
    return [
        {**found, "Action": [found["Action"]] if isinstance(found["Action"], str) else found["Action"]}
        for found in policy["PolicyDocument"]["Statement"]
    ]


def test_runbook_names_every_action(statements: list[dict[str, Any]]) -> None:
    named = ACTION.findall((ROOT / "docs/runbook/redrive.md").read_text())

    assert sorted(named) == sorted(action for statement in statements for action in statement["Action"])


def test_nothing_of_another_stage_or_service_can_be_touched(statements: list[dict[str, Any]]) -> None:
    resources = {found["Sid"]: found["Resource"] for found in statements}
    assert resources.pop("FindQueues") == "*"  # CloudFormation knows no other way to list
    place = "eu-west-1:333333333333"
    assert resources == {
        "TakeFailures": f"arn:aws:sqs:{place}:Prod-*",
        "SendBack": f"arn:aws:sqs:{place}:cars-prod-maintenance",
        "FindSubscriptions": f"arn:aws:sns:{place}:Prod-*",
        "Publish": f"arn:aws:sns:{place}:Prod-*",
        "CallFunctions": f"arn:aws:lambda:{place}:function:Prod-*:live",
        "ReadChanges": f"arn:aws:dynamodb:{place}:table/Prod-*/stream/*",
        "ReadAndPutRecords": f"arn:aws:kinesis:{place}:stream/cars-prod-telemetry",
    }


def test_policy_is_found_by_an_output_and_attached_to_nobody(assembly: Assembly) -> None:
    template = assembly.stage_template("Prod", "Operators")
    (policy,) = template.of_type("AWS::IAM::ManagedPolicy")

    assert template.outputs["RedriverPolicyArn"]["Value"] == {"Ref": policy}
    assert {"Roles", "Users", "Groups"}.isdisjoint(template.only("AWS::IAM::ManagedPolicy"))
