"""The step that tests a deployed stage: from the source, at the stage's own URL, and able to do nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.assembly import Assembly, Template

Stages = dict[str, dict[str, Any]]
DEPLOYED = [("Staging", "222222222222", "acs-e2e-staging"), ("Prod", "333333333333", "acs-e2e-prod")]


def _project_of(action: dict[str, Any]) -> str:
    project: str = action["Configuration"]["ProjectName"]["Ref"]
    return project


def _action_of(stages: Stages, stage: str) -> dict[str, Any]:
    actions: dict[str, dict[str, Any]] = {action["Name"]: action for action in stages[stage]["Actions"]}
    return actions["EndToEnd"]


@pytest.mark.parametrize(("stage", "account", "role_name"), DEPLOYED)
def test_step_may_become_the_stages_role_and_nothing_else(
    template: Template, stages: Stages, stage: str, account: str, role_name: str
) -> None:
    project = template.resources[_project_of(_action_of(stages, stage))]["Properties"]
    statements = template.statements_of(project["ServiceRole"]["Fn::GetAtt"][0])
    own = [statement for statement in statements if statement["Action"][0].split(":")[0] not in _CODEBUILDS_OWN]
    assert [(statement["Action"], statement["Resource"]) for statement in own] == [
        (["sts:AssumeRole"], f"arn:aws:iam::{account}:role/{role_name}")
    ]


_CODEBUILDS_OWN = ("logs", "codebuild", "s3", "kms")


@pytest.mark.parametrize(("stage", "account", "role_name"), DEPLOYED)
def test_role_that_the_step_becomes_exists_in_its_stage_and_trusts_the_steps_own_alone(
    assembly: Assembly, template: Template, stages: Stages, stage: str, account: str, role_name: str
) -> None:
    roles = assembly.stage_template(stage, "Api").of_type("AWS::IAM::Role").values()
    (role,) = [role["Properties"] for role in roles if role["Properties"].get("RoleName") == role_name]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert "111111111111" in str(trust["Principal"]["AWS"])
    project = template.resources[_project_of(_action_of(stages, stage))]["Properties"]
    name = template.resources[project["ServiceRole"]["Fn::GetAtt"][0]]["Properties"]["RoleName"]
    assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::111111111111:role/{name}"}}


@pytest.mark.parametrize(("stage", "account", "role_name"), DEPLOYED)
def test_step_gets_url_and_role_from_the_outputs_of_the_stage_just_deployed(
    assembly: Assembly, stages: Stages, stage: str, account: str, role_name: str
) -> None:
    # given
    action = _action_of(stages, stage)
    (api,) = [action for action in stages[stage]["Actions"] if action["Name"] == "Api.Deploy"]
    outputs = assembly.stage_template(stage, "Api").outputs
    # when
    variables = {entry["name"]: entry["value"] for entry in json.loads(action["Configuration"]["EnvironmentVariables"])}
    # then
    assert sorted(variables) == ["API_URL", "E2E_ROLE_ARN"]
    for value in variables.values():
        namespace, output = value.removeprefix("#{").removesuffix("}").split(".")
        assert namespace == api["Namespace"]
        assert output in outputs


@pytest.mark.parametrize(("stage", "account", "role_name"), DEPLOYED)
def test_step_runs_the_tests_of_the_commit_that_was_deployed(
    stages: Stages, buildspecs: dict[str, dict[str, Any]], stage: str, account: str, role_name: str
) -> None:
    action = _action_of(stages, stage)
    assert action["InputArtifacts"] == stages["Source"]["Actions"][0]["OutputArtifacts"]
    commands = buildspecs[_project_of(action)]["phases"]["build"]["commands"]
    assert commands == ["python3 -m pytest integ --ignore=integ/gauntlet --junitxml=test-reports/end-to-end-tests.xml"]


@pytest.mark.parametrize(("stage", "account", "role_name"), DEPLOYED)
def test_step_knows_region_stream_and_queues_of_the_stage(
    template: Template, stages: Stages, stage: str, account: str, role_name: str
) -> None:
    project = template.resources[_project_of(_action_of(stages, stage))]["Properties"]
    variables = {variable["Name"]: variable for variable in project["Environment"]["EnvironmentVariables"]}

    for name, value in (
        ("STAGE_REGION", "eu-west-1"),
        ("TELEMETRY_STREAM_NAME", f"cars-{stage.lower()}-telemetry"),
        ("MAINTENANCE_QUEUE_NAME", f"cars-{stage.lower()}-maintenance"),
        ("E2E_EVENTS_QUEUE_NAME", f"cars-{stage.lower()}-e2e-events"),
    ):
        assert variables[name] == {"Name": name, "Type": "PLAINTEXT", "Value": value}
