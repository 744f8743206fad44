"""Which stacks count, in an app of a pipeline, its stage's two stacks, a sandbox and somebody else's network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.plan.plan import Bootstrap, Plan, make_plan
from rehearsal.source.assembly import CloudAssembly, Environment, MissingContext, StackArtifact
from rehearsal.source.settings import Settings
from tests.rehearsal.codepipeline.valid_properties import action, source, valid_properties
from tests.rehearsal.codepipeline.valid_properties import stage as declared_stage


def stack(name: str, *, template: dict[str, Any] | None = None, account: str = "111111111111", level: str = "",
          dependencies: tuple[str, ...] = ()) -> StackArtifact:  # fmt: skip
    return StackArtifact(
        artifact_id=name,
        name=name,
        display_name=f"Prod/{name}" if level else name,
        environment=Environment(account, "eu-west-1"),
        template_file=f"{level}{name}.template.json",
        template=template or {"Resources": {}},
        dependencies=dependencies,
        is_nested_assembly=bool(level),
    )


def pipeline(template_path: str = "Built::assembly-Prod/Api.template.json", buildspec: str = "") -> dict[str, Any]:
    deploy = action(
        "Deploy",
        "CloudFormation",
        "Deploy",
        Configuration={"ActionMode": "CREATE_UPDATE", "StackName": "Api", "TemplatePath": template_path},
        InputArtifacts=[{"Name": "Built"}],
    )
    sourcing = declared_stage("Source", source(OutputArtifacts=[{"Name": "Built"}]))
    properties = valid_properties(stages=[sourcing, declared_stage("Prod", deploy)])
    properties["RoleArn"] = {"Fn::GetAtt": ["Role", "Arn"]}
    project = {"Type": "AWS::CodeBuild::Project", "Properties": {"Source": {"BuildSpec": buildspec}}}
    return {"Resources": {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": properties}, "P": project}}


CANARY = {"Resources": {"Canary": {"Type": "AWS::Synthetics::Canary"}}}
OTHERS = (
    stack("Api", level="assembly-Prod/", account="222222222222", dependencies=("Tables",)),
    stack("Tables", level="assembly-Prod/", account="222222222222"),
    stack("Shared"),
    stack("Sandbox", template=CANARY, account="999999999999"),
    stack("Dev", level="assembly-Dev/", template=CANARY, account="999999999999"),
)


def plan_of(template: dict[str, Any], *, missing: tuple[MissingContext, ...] = ()) -> Plan:
    own = stack("Pipe", template=template, dependencies=("Shared",))
    return make_plan(CloudAssembly(directory=Path(), version="54.0.0", stacks=(own, *OTHERS), missing=missing))


def names(plan: Plan) -> list[str]:
    return [stack.name for stack in plan.assembly.stacks]


@pytest.mark.parametrize("folder", ["", "out/"])
def test_pipeline_needs_its_own_stack_what_it_deploys_and_what_these_depend_on(folder: str) -> None:
    plan = plan_of(pipeline(f"Built::{folder}assembly-Prod/Api.template.json"))

    assert names(plan) == ["Pipe", "Api", "Tables", "Shared"]


def test_stacks_that_the_pipeline_never_deploys_decide_nothing() -> None:
    plan = plan_of(pipeline())

    assert plan.unsupported == ()
    assert plan.bootstraps == (Bootstrap("111111111111", "eu-west-1"), Bootstrap("222222222222", "eu-west-1"))


@pytest.mark.parametrize(
    ("command", "deployed"),
    [
        ("npx cdk deploy Sandbox --require-approval never", ["Sandbox"]),
        ("cdk -a cdk.out deploy 'Prod/*'", ["Dev"]),
        ("cdk deploy --all", ["Sandbox", "Dev"]),
        ("cdk synth Sandbox && ./deploy Sandbox", []),
        ("cdk deploy SandboxOfOthers", []),
    ],
)
def test_stacks_that_a_build_deploys_are_needed(command: str, deployed: list[str]) -> None:
    buildspec = f'{{"version": "0.2", "phases": {{"build": {{"commands": ["{command}"]}}}}}}'

    plan = plan_of(pipeline(buildspec=buildspec))

    assert names(plan) == ["Pipe", "Api", "Tables", "Shared", *deployed]


def test_context_counts_where_a_needed_stack_may_lack_it() -> None:
    missing = tuple(MissingContext(key=f"of {level}", provider="vpc", level=level) for level in (
        ".", "assembly-Prod", "assembly-Dev"))  # fmt: skip

    plan = plan_of(pipeline(), missing=missing)

    assert [sentence.split(" (")[0] for sentence in plan.unsupported] == ["context of .", "context of assembly-Prod"]
    assert "below [context] in rehearsal.toml" in plan.unsupported[0]


def test_export_of_a_stack_that_the_pipeline_never_deploys_is_none() -> None:
    template = pipeline()
    template["Resources"]["Topic"] = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::ImportValue": "N"}}}
    own = stack("Pipe", template=template)
    exporting = stack("Network", template={"Resources": {}, "Outputs": {"O": {"Value": "v", "Export": {"Name": "N"}}}})
    assembly = CloudAssembly(directory=Path(), version="54.0.0", stacks=(own, exporting, *OTHERS))

    (sentence,) = make_plan(assembly).unsupported

    assert sentence.startswith("Fn::ImportValue N in stack Pipe: no stack that this pipeline deploys exports it there")
    assert "below [exports] in rehearsal.toml" in sentence
    assert make_plan(assembly, Settings(exports={"N": "v"})).unsupported == ()


def test_output_of_a_stack_that_the_settings_know_is_known() -> None:
    template = pipeline()
    reading = {"Fn::GetStackOutput": {"StackName": "Network", "OutputName": "VpcId"}}
    template["Resources"]["Topic"] = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": reading}}
    assembly = CloudAssembly(directory=Path(), version="54.0.0", stacks=(stack("Pipe", template=template), *OTHERS))

    (sentence,) = make_plan(assembly).unsupported

    assert "below [stack_outputs] in rehearsal.toml" in sentence
    assert make_plan(assembly, Settings(stack_outputs={"Network": {"VpcId": "vpc-1"}})).unsupported == ()


def test_public_parameter_that_nobody_here_has_is_named() -> None:
    read = "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended"
    template = {**pipeline(), "Parameters": {"Ami": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": read}}}

    (sentence,) = plan_of(template).unsupported

    assert sentence.startswith(f"parameter Ami in stack Pipe: it reads {read}, which AWS publishes")


def test_other_pipeline_of_the_app_decides_nothing() -> None:
    other = pipeline("Built::assembly-Dev/Dev.template.json")
    other["Resources"]["Canary"] = CANARY["Resources"]["Canary"]
    stacks = (stack("Pipe", template=pipeline()), stack("Other", template=other, account="999999999999"), *OTHERS)

    plan = make_plan(CloudAssembly(directory=Path(), version="54.0.0", stacks=stacks), Settings(pipeline="Pipe"))

    assert names(plan) == ["Pipe", "Api", "Tables"]
    assert plan.unsupported == ()


@pytest.mark.parametrize(
    ("account", "region", "words"),
    [
        ("ACCNUM", "eu-west-1", "stack Api: its account is 'ACCNUM'; an account is 12 digits"),
        ("222222222222", "REGION", "stack Api: its region is 'REGION'; a region is named as \"eu-west-1\" is"),
    ],
)
def test_account_or_region_that_is_to_be_filled_in_is_refused(account: str, region: str, words: str) -> None:
    api = replace(OTHERS[0], environment=Environment(account, region), dependencies=())
    template = pipeline()
    template["Resources"]["Pipeline"]["Properties"]["RoleArn"] = (
        f"arn:aws:iam::{account}:role/cdk-q-deploy-role-{account}-eu-west-1"
    )
    own = stack("Pipe", template=template)

    plan = make_plan(CloudAssembly(directory=Path(), version="54.0.0", stacks=(own, api)))

    assert [sentence[: len(words)] for sentence in plan.unsupported] == [words]


def test_context_that_is_missing_is_named_once_and_what_stands_for_it_is_not_judged() -> None:
    missing = tuple(
        MissingContext(key="ssm:parameterName=/account", provider="ssm", level=level)
        for level in (".", "assembly-Prod")
    )
    template = pipeline()
    template["Resources"]["Pipeline"]["Properties"]["RoleArn"] = "arn:aws:iam::dummy-value-for-/account:role/pipeline"
    own = stack("Pipe", template=template)
    api = replace(OTHERS[0], environment=Environment("dummy-value-for-/account", "eu-west-1"), dependencies=())

    plan = make_plan(CloudAssembly(directory=Path(), version="54.0.0", stacks=(own, api), missing=missing))

    assert [sentence.partition(" (")[0] for sentence in plan.unsupported] == ["context ssm:parameterName=/account"]
