"""The bake: prod's own alarms, watched by the stage's last action, which may do nothing else."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.assembly import Assembly, Template

Stages = dict[str, dict[str, Any]]
ROLE = "acs-alarm-reader-prod"


@pytest.fixture
def action(stages: Stages) -> dict[str, Any]:
    actions: dict[str, dict[str, Any]] = {action["Name"]: action for action in stages["Prod"]["Actions"]}
    return actions["Bake"]


@pytest.fixture
def command(action: dict[str, Any], buildspecs: dict[str, dict[str, Any]]) -> str:
    (found,) = buildspecs[action["Configuration"]["ProjectName"]["Ref"]]["phases"]["build"]["commands"]
    return str(found)


def test_bake_is_prods_last_action_and_staging_has_none(stages: Stages, action: dict[str, Any]) -> None:
    assert [other for other in stages["Prod"]["Actions"] if other["RunOrder"] >= action["RunOrder"]] == [action]
    assert "Bake" not in {other["Name"] for other in stages["Staging"]["Actions"]}


def test_bake_watches_alarms_that_prods_own_stacks_have(assembly: Assembly, command: str) -> None:
    named = {
        alarm["Properties"].get("AlarmName")
        for template in assembly.stage_templates("Prod")
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
    }
    watched = [word for word in shlex.split(command) if word.startswith("cars-prod-")]

    assert len(watched) == 5
    assert set(watched) <= named


def test_bake_takes_ten_minutes_and_its_build_has_more(
    template: Template, action: dict[str, Any], command: str
) -> None:
    assert "for look in $(seq 40); do sleep 15 && echo || break; done | python3 scripts/bake.py --looks 40 " in command
    project = template.resources[action["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    assert project["TimeoutInMinutes"] == 20


def test_bake_is_told_whether_the_stage_is_on_its_way_back(action: dict[str, Any], command: str) -> None:
    variables = json.loads(action["Configuration"]["EnvironmentVariables"])

    assert variables == [{"name": "WAY_BACK", "type": "PLAINTEXT", "value": "#{ProdWayBack.WAY_BACK}"}]
    assert '--way-back "$WAY_BACK"' in command


def test_step_may_become_the_alarm_reader_and_nothing_else_which_trusts_it_alone(
    assembly: Assembly, template: Template, action: dict[str, Any], command: str
) -> None:
    # given
    project = template.resources[action["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    role = project["ServiceRole"]["Fn::GetAtt"][0]
    api = assembly.stage_template("Prod", "Api")
    ((reader_id, reader),) = (
        (logical_id, found["Properties"])
        for logical_id, found in api.of_type("AWS::IAM::Role").items()
        if found["Properties"].get("RoleName") == ROLE
    )
    # then
    own = [found for found in template.statements_of(role) if found["Action"] == ["sts:AssumeRole"]]
    assert [found["Resource"] for found in own] == [f"arn:aws:iam::333333333333:role/{ROLE}"]
    assert f"--role-arn arn:aws:iam::333333333333:role/{ROLE}" in command
    (trust,) = reader["AssumeRolePolicyDocument"]["Statement"]
    name = template.resources[role]["Properties"]["RoleName"]
    assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::111111111111:role/{name}"}}
    assert "111111111111" in str(trust["Principal"]["AWS"])
    assert [found["Action"] for found in api.statements_of(reader_id)] == [["cloudwatch:DescribeAlarms"]]
