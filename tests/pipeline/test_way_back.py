"""Whatever a stage is rolled back to gets all traffic at once; what is released goes through its canary."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import pipelines

from pipeline.errors import PipelineError
from pipeline.way_back import pass_way_back
from tests.assembly import Assembly, Template

Stages = dict[str, dict[str, Any]]
CANARIED = ("Api", "Changes", "Notifications", "Telemetry", "Maintenance")


@pytest.fixture(params=["Staging", "Prod"])
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_first_action_of_a_stage_asks_whether_it_is_rolled_back_and_may_ask_nothing_else(
    stages: Stages, stage: str, template: Template, buildspecs: dict[str, dict[str, Any]]
) -> None:
    (action,) = (action for action in stages[stage]["Actions"] if action["RunOrder"] == 1)
    project = action["Configuration"]["ProjectName"]["Ref"]
    role = template.resources[project]["Properties"]["ServiceRole"]["Fn::GetAtt"][0]

    assert (action["Name"], action["Namespace"]) == ("WayBack", f"{stage}WayBack")
    (command,) = buildspecs[project]["phases"]["build"]["commands"]
    assert command.startswith("WAY_BACK=no; if ")
    answer = f"WAY_BACK=$(python3 scripts/way_back.py AutonomousCarManager {stage})"
    assert command.endswith(f"; then {answer} || WAY_BACK=no; fi; export WAY_BACK")
    assert "commands" not in buildspecs[project]["phases"]["install"]  # what fails there would close the way back
    assert buildspecs[project]["env"] == {"exported-variables": ["WAY_BACK"]}
    of_every_project = ("logs", "codebuild", "s3", "kms")
    own = [found for found in template.statements_of(role) if not found["Action"][0].startswith(of_every_project)]
    assert [(found["Action"], found["Resource"]) for found in own] == [
        (["codepipeline:GetPipelineState"], "arn:aws:codepipeline:eu-west-1:111111111111:AutonomousCarManager")
    ]


def test_every_stack_with_a_canary_is_told_and_no_other(stages: Stages, stage: str, assembly: Assembly) -> None:
    told = {
        action["Name"].removesuffix(".Deploy"): json.loads(action["Configuration"]["ParameterOverrides"])
        for action in stages[stage]["Actions"]
        if "ParameterOverrides" in action["Configuration"]
    }
    canaried = {
        name.removeprefix(f"{stage}-")
        for name, template in assembly.stage_stacks(stage).items()
        if template.of_type("AWS::CodeDeploy::DeploymentGroup")
    }

    assert told == {name: {"WayBack": f"#{{{stage}WayBack.WAY_BACK}}"} for name in CANARIED}
    assert canaried == set(CANARIED)


@pytest.mark.parametrize("stack", CANARIED)
def test_alias_has_its_canary_in_a_release_and_none_on_the_way_back(stage: str, stack: str, assembly: Assembly) -> None:
    template = assembly.stage_template(stage, stack)
    (alias,) = template.of_type("AWS::Lambda::Alias").values()
    (group,) = template.of_type("AWS::CodeDeploy::DeploymentGroup").values()
    ((condition, expression),) = template.document["Conditions"].items()
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]

    assert template.document["Parameters"]["WayBack"]["AllowedValues"] == ["yes", "no"]
    assert template.document["Parameters"]["WayBack"]["Default"] == "no"
    assert expression == {"Fn::Equals": [{"Ref": "WayBack"}, "no"]}
    for hook in ("BeforeAllowTrafficHook", "AfterAllowTrafficHook"):
        when, in_a_release, on_the_way_back = update[hook]["Fn::If"]
        assert (when, on_the_way_back) == (condition, {"Ref": "AWS::NoValue"})
        assert template.resources[in_a_release["Ref"]]["Type"] == "AWS::Lambda::Function"
    when, in_a_release, on_the_way_back = group["Properties"]["DeploymentConfigName"]["Fn::If"]
    assert (when, on_the_way_back) == (condition, "CodeDeployDefault.LambdaAllAtOnce")
    assert template.resources[in_a_release["Ref"]]["Type"] == "AWS::CodeDeploy::DeploymentConfig"


def test_stack_that_no_action_deploys_is_refused() -> None:
    stack = cdk.Stack(cdk.App(), "Small")
    source = pipelines.CodePipelineSource.connection("owner/repository", "main", connection_arn="arn:connection")
    synth = pipelines.ShellStep("Synth", input=source, commands=["true"])
    built = pipelines.CodePipeline(stack, "Pipeline", synth=synth)
    built.build_pipeline()

    with pytest.raises(PipelineError, match=r"stage Build has no action Api.Deploy, WayBack; it has Synth"):
        pass_way_back(built.pipeline, "Build", ["Api"])
