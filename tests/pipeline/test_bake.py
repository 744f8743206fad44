"""The bake: a stage's own alarms, watched by its last action, which may do nothing else."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.assembly import Assembly, Template

Stages = dict[str, dict[str, Any]]
ACCOUNTS = {"Staging": "222222222222", "Prod": "333333333333"}
MINUTES = {"Staging": 8, "Prod": 10}


@pytest.fixture(params=ACCOUNTS)
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def action(stages: Stages, stage: str) -> dict[str, Any]:
    actions: dict[str, dict[str, Any]] = {action["Name"]: action for action in stages[stage]["Actions"]}
    return actions["Bake"]


@pytest.fixture
def command(action: dict[str, Any], buildspecs: dict[str, dict[str, Any]]) -> str:
    (found,) = buildspecs[action["Configuration"]["ProjectName"]["Ref"]]["phases"]["build"]["commands"]
    return str(found)


def test_bake_is_the_last_action_of_its_stage(stages: Stages, stage: str, action: dict[str, Any]) -> None:
    assert [other for other in stages[stage]["Actions"] if other["RunOrder"] >= action["RunOrder"]] == [action]


def test_bake_watches_alarms_that_the_stages_own_stacks_have(assembly: Assembly, stage: str, command: str) -> None:
    named = {
        alarm["Properties"].get("AlarmName")
        for template in assembly.stage_templates(stage)
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
    }
    watched = [word for word in shlex.split(command) if word.startswith("cars-")]

    assert len(watched) == 5
    assert set(watched) <= named
    assert all(name.startswith(f"cars-{stage.lower()}-") for name in watched)


def test_bake_takes_its_minutes_and_its_build_has_more(
    template: Template, stage: str, action: dict[str, Any], command: str
) -> None:
    looks = 4 * MINUTES[stage]
    assert (
        f"for look in $(seq {looks}); do sleep 15 && echo || break; done | python3 scripts/bake.py --looks {looks} "
    ) in command
    project = template.resources[action["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    assert project["TimeoutInMinutes"] == MINUTES[stage] + 10


def test_bake_is_told_whether_the_stage_is_on_its_way_back(stage: str, action: dict[str, Any], command: str) -> None:
    variables = json.loads(action["Configuration"]["EnvironmentVariables"])

    assert variables == [{"name": "WAY_BACK", "type": "PLAINTEXT", "value": f"#{{{stage}WayBack.WAY_BACK}}"}]
    assert '--way-back "$WAY_BACK"' in command


def test_step_may_become_the_alarm_reader_and_nothing_else_which_trusts_it_alone(
    assembly: Assembly, template: Template, stage: str, action: dict[str, Any], command: str
) -> None:
    # given
    reader_name = f"acs-alarm-reader-{stage.lower()}"
    reader_arn = f"arn:aws:iam::{ACCOUNTS[stage]}:role/{reader_name}"
    project = template.resources[action["Configuration"]["ProjectName"]["Ref"]]["Properties"]
    role = project["ServiceRole"]["Fn::GetAtt"][0]
    api = assembly.stage_template(stage, "Api")
    ((reader_id, reader),) = (
        (logical_id, found["Properties"])
        for logical_id, found in api.of_type("AWS::IAM::Role").items()
        if found["Properties"].get("RoleName") == reader_name
    )
    # then
    own = [found for found in template.statements_of(role) if found["Action"] == ["sts:AssumeRole"]]
    assert [found["Resource"] for found in own] == [reader_arn]
    assert f"--role-arn {reader_arn} " in command
    (trust,) = reader["AssumeRolePolicyDocument"]["Statement"]
    name = template.resources[role]["Properties"]["RoleName"]
    assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::111111111111:role/{name}"}}
    assert "111111111111" in str(trust["Principal"]["AWS"])
    assert [found["Action"] for found in api.statements_of(reader_id)] == [["cloudwatch:DescribeAlarms"]]
