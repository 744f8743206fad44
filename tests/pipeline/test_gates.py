"""What stops a bad release after deployment: the conditions as AWS allows them, and on the stages that have them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import pipelines

from pipeline.errors import PipelineError
from pipeline.gates import Bake, StageGates, add_gates
from tests.assembly import Assembly, Template

Stages = dict[str, dict[str, Any]]
CONDITIONS = ("BeforeEntry", "OnSuccess", "OnFailure")


@pytest.mark.parametrize("stage", ["Staging", "Prod"])
def test_failure_of_a_deployed_stage_rolls_it_back_without_asking(stages: Stages, stage: str) -> None:
    assert stages[stage]["OnFailure"] == {"Result": "ROLLBACK"}


def test_prod_bakes_on_alarms_that_its_own_stacks_have(assembly: Assembly, stages: Stages) -> None:
    # given
    (condition,) = stages["Prod"]["OnSuccess"]["Conditions"]
    watched = {rule["Configuration"]["AlarmName"] for rule in condition["Rules"]}
    named = {
        alarm["Properties"].get("AlarmName")
        for stack in ("Api", "Changes", "Telemetry", "Prober")
        for alarm in assembly.stage_template("Prod", stack).of_type("AWS::CloudWatch::Alarm").values()
    }
    # then
    assert condition["Result"] == "ROLLBACK"
    assert len(watched) == 5
    assert watched <= named
    assert {(rule["RuleTypeId"]["Provider"], rule["Configuration"]["AlarmStates"]) for rule in condition["Rules"]} == {
        ("CloudWatchAlarm", "ALARM")
    }


def test_bake_is_ten_minutes_and_in_minutes(stages: Stages) -> None:
    (condition,) = stages["Prod"]["OnSuccess"]["Conditions"]
    assert {rule["Configuration"]["WaitTime"] for rule in condition["Rules"]} == {"10"}


def test_conditions_are_within_codepipelines_limits(stages: Stages) -> None:
    for name, stage in stages.items():
        for kind in CONDITIONS:
            conditions = stage.get(kind, {}).get("Conditions", [])
            assert len(conditions) <= 1, f"{name} {kind}"
            for condition in conditions:
                assert 1 <= len(condition["Rules"]) <= 5, f"{name} {kind}"


def test_stages_before_a_deployment_have_no_condition(stages: Stages) -> None:
    for name in ("Source", "Build", "UpdatePipeline", "Assets", "ApproveProd"):
        assert not set(CONDITIONS) & set(stages[name]), name


def test_nothing_can_keep_a_rollback_from_entering_prod(stages: Stages) -> None:
    assert "BeforeEntry" not in stages["Prod"]
    assert "BeforeEntry" not in stages["Staging"]


def test_approval_is_in_no_stage_that_is_rolled_back(stages: Stages) -> None:
    rolled_back = [stage for stage in stages.values() if "OnFailure" in stage or "OnSuccess" in stage]
    assert rolled_back
    for stage in rolled_back:
        assert "Approval" not in {action["ActionTypeId"]["Category"] for action in stage["Actions"]}


def test_pipeline_may_become_the_role_that_reads_prods_alarms(
    assembly: Assembly, template: Template, pipeline: dict[str, Any], stages: Stages
) -> None:
    # given
    (role_arn,) = {rule["RoleArn"] for rule in stages["Prod"]["OnSuccess"]["Conditions"][0]["Rules"]}
    account, role_name = role_arn.split(":")[4], role_arn.split("/")[-1]
    statements = template.statements_of(pipeline["RoleArn"]["Fn::GetAtt"][0])
    api = assembly.stage_template("Prod", "Api")
    ((logical_id, role),) = [
        (logical_id, role["Properties"])
        for logical_id, role in api.of_type("AWS::IAM::Role").items()
        if role["Properties"].get("RoleName") == role_name
    ]
    # then
    assert account == "333333333333"
    assert [s for s in statements if s["Action"] == ["sts:AssumeRole"] and role_arn in s["Resource"]]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert "111111111111" in str(trust["Principal"]["AWS"])
    # CloudFormation names the pipeline's role after its stack, of which it keeps 24 letters at least.
    assert fnmatchcase(
        "arn:aws:iam::111111111111:role/AutonomousCarManagerPipe-ReleasePipelineRole-1A2B",
        trust["Condition"]["ArnLike"]["aws:PrincipalArn"],
    )
    assert [s["Action"] for s in api.statements_of(logical_id)] == [["cloudwatch:DescribeAlarms"]]


def test_gate_for_an_unknown_stage_is_refused(small_pipeline: codepipeline.Pipeline) -> None:
    with pytest.raises(PipelineError, match=r"gates for Prud, and the pipeline's stages are Source, Build"):
        add_gates(small_pipeline, {"Prud": StageGates(is_rolled_back_on_failure=True)})


@pytest.mark.parametrize("count", [0, 6])
def test_bake_refuses_a_number_of_alarms_that_codepipeline_does(count: int) -> None:
    with pytest.raises(PipelineError, match=f"watches {count} alarms"):
        Bake(alarm_names=("alarm",) * count, minutes=10, role_arn="arn", region="eu-west-1")


@pytest.mark.parametrize("minutes", [0, 61, 300])
def test_bake_refuses_what_looks_like_seconds(minutes: int) -> None:
    with pytest.raises(PipelineError, match=f"a bake of {minutes} minutes"):
        Bake(alarm_names=("alarm",), minutes=minutes, role_arn="arn", region="eu-west-1")


@pytest.fixture
def small_pipeline() -> codepipeline.Pipeline:
    stack = cdk.Stack(cdk.App(), "Small")
    source = pipelines.CodePipelineSource.connection("owner/repository", "main", connection_arn="arn:connection")
    synth = pipelines.ShellStep("Synth", input=source, commands=["true"])
    built = pipelines.CodePipeline(stack, "Pipeline", synth=synth, pipeline_type=codepipeline.PipelineType.V2)
    built.build_pipeline()
    return built.pipeline
