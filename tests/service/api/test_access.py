"""Who may call the API: exactly this API and stage, and nobody by accident."""

from __future__ import annotations

from typing import Any

import pytest

from tests.assembly import Template

API = "CarsApiE481C248"


def arn_of(resource: Any) -> str:
    """An ARN as the template joins it, with <logical id> for each reference."""
    if isinstance(resource, str):
        return resource
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in resource["Fn::Join"][1])


@pytest.fixture
def account(stage: str) -> str:
    return {"Staging": "222222222222", "Prod": "333333333333"}[stage]


@pytest.mark.parametrize(("policy", "methods"), [("CarsReader", "GET"), ("CarsEditor", "*")])
def test_policy_allows_its_methods_of_this_api_and_stage_only(
    template: Template, stage: str, account: str, policy: str, methods: str
) -> None:
    logical_id = template.outputs[f"{policy}PolicyArn"]["Value"]["Ref"]
    (statement,) = template.resources[logical_id]["Properties"]["PolicyDocument"]["Statement"]

    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    routes = f"/{stage.lower()}/{methods}/*"
    assert arn_of(statement["Resource"]) == f"arn:aws:execute-api:eu-west-1:{account}:<{API}>{routes}"


def test_policies_are_given_to_nobody_by_the_stack_itself(template: Template) -> None:
    policies = template.of_type("AWS::IAM::ManagedPolicy").values()

    assert len(policies) == 2
    for policy in policies:
        assert not {"Roles", "Users", "Groups", "ManagedPolicyName"} & set(policy["Properties"])


def test_e2e_role_may_call_this_api_report_as_a_car_order_maintenance_and_hear_of_its_events(
    stage: str, template: Template, account: str
) -> None:
    name = stage.lower()
    ((role_id, role),) = (
        (logical_id, found["Properties"])
        for logical_id, found in template.of_type("AWS::IAM::Role").items()
        if found["Properties"].get("RoleName") == f"acs-e2e-{name}"
    )
    granted = {
        tuple(found["Action"]): {arn_of(resource) for resource in found["Resource"]}
        if isinstance(found["Resource"], list)
        else arn_of(found["Resource"])
        for found in template.statements_of(role_id)
    }
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

    place = f"eu-west-1:{account}"
    assert granted == {
        ("execute-api:Invoke",): {
            f"arn:aws:execute-api:{place}:<{API}>/{name}/{route}"
            for route in ("GET/*", "POST/cars", "PUT/cars/e2e-*", "PATCH/cars/e2e-*", "DELETE/cars/e2e-*")
        },
        ("kinesis:PutRecord",): f"arn:aws:kinesis:{place}:stream/cars-{name}-telemetry",
        ("sqs:GetQueueUrl", "sqs:SendMessage"): f"arn:aws:sqs:{place}:cars-{name}-maintenance",
        ("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"): f"arn:aws:sqs:{place}:cars-{name}-e2e-events",
    }
    assert trust["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert trust["Condition"] == {
        "ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::111111111111:role/acs-e2e-caller-{name}"}
    }
