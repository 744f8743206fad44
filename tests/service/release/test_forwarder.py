"""A stage tells the toolchain of the ends of its traffic shifts, by a role that can do nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.assembly import Assembly, Template
from tests.pipeline.event_pattern import matches
from tests.synthesis import ROOT

BUS = "arn:aws:events:eu-west-1:111111111111:event-bus/acs-deployments"
STAGES = (("Staging", "222222222222"), ("Prod", "333333333333"))


def event(stage: str = "Prod", **detail: str) -> dict[str, Any]:
    """CodeDeploy's, of a deployment of the stage's API."""
    text = (ROOT / "tests" / "events" / "codedeploy-deployment-stopped.json").read_text()
    told = json.loads(text.replace("Prod-", f"{stage}-"))
    return {**told, "detail": {**told["detail"], **detail}}


@pytest.fixture(params=STAGES, ids=[name for name, _ in STAGES])
def stage(request: pytest.FixtureRequest) -> tuple[str, str]:
    name, account = request.param
    return name, account


@pytest.fixture
def template(stage: tuple[str, str], assembly: Assembly) -> Template:
    return assembly.stage_template(stage[0], "Operators")


@pytest.mark.parametrize("state", ["SUCCESS", "FAILURE", "STOP"])
def test_end_of_a_shift_of_the_stage_is_told(template: Template, stage: tuple[str, str], state: str) -> None:
    assert matches(template.only("AWS::Events::Rule")["EventPattern"], event(stage[0], state=state))


@pytest.mark.parametrize(
    "change",
    [
        {"detail": {**event()["detail"], "state": "START"}},
        {"detail": {**event()["detail"], "application": "Another-Application"}},
        {"detail-type": "CodeDeploy Instance State-change Notification"},
        {"source": "somebody"},
    ],
)
def test_nothing_else_is_told(assembly: Assembly, change: dict[str, Any]) -> None:
    pattern = assembly.stage_template("Prod", "Operators").only("AWS::Events::Rule")["EventPattern"]

    assert not matches(pattern, {**event(), **change})


def test_it_is_told_to_the_toolchains_bus_by_a_role_that_may_do_that_alone(
    template: Template, stage: tuple[str, str]
) -> None:
    (target,) = template.only("AWS::Events::Rule")["Targets"]
    role_id = target["RoleArn"]["Fn::GetAtt"][0]

    assert target["Arn"] == BUS
    assert [(each["Action"], each["Resource"]) for each in template.statements_of(role_id)] == [
        (["events:PutEvents"], BUS)
    ]
    assert template.resources[role_id]["Properties"]["RoleName"] == f"acs-deployments-forwarder-{stage[0].lower()}"


def test_only_this_rule_of_this_account_may_become_the_role(template: Template, stage: tuple[str, str]) -> None:
    rule = template.only("AWS::Events::Rule")
    (target,) = rule["Targets"]
    role = template.resources[target["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:events:eu-west-1:{stage[1]}:rule/{rule['Name']}"},
        "StringEquals": {"aws:SourceAccount": stage[1]},
    }


def test_applications_are_called_as_their_stacks(assembly: Assembly) -> None:
    """CloudFormation names what has no name after its stack, so the rule's prefix is that of all of them."""
    for name, template in assembly.stage_stacks("Prod").items():
        for application in template.of_type("AWS::CodeDeploy::Application").values():
            assert "ApplicationName" not in application["Properties"], name
            assert name.startswith("Prod-")
