from __future__ import annotations

from dataclasses import replace

import pytest

from rehearsal.errors import BadInput, Unsupported
from rehearsal.plan.plan import Bootstrap, Plan, make_plan
from rehearsal.plan.resource_standing import StoredOnly
from rehearsal.source.assembly import read_assembly
from rehearsal.source.settings import Settings
from tests.rehearsal.cases import case


def plan_of(name: str, *, pipeline: str | None = None) -> Plan:
    return make_plan(read_assembly(case(name)), Settings(pipeline=pipeline))


def actions(plan: Plan) -> list[str]:
    return [f"{stage.name}/{action.name}" for stage in plan.definition.stages for action in stage.actions]


def test_plan_of_three_accounts_lists_every_action_in_order() -> None:
    plan = plan_of("three-accounts")

    assert actions(plan) == [
        "Source/Commit",
        "Build/Build",
        "UpdatePipeline/SelfMutate",
        "Staging/Api.Deploy",
        "Staging/EndToEnd",
        "Approve/Approve",
        "Prod/Deploy",
    ]
    assert (plan.name, plan.account, plan.region) == ("app", "111111111111", "eu-west-1")
    assert plan.unsupported == ()


def test_plan_bootstraps_every_environment_once() -> None:
    plan = plan_of("three-accounts")

    assert plan.bootstraps == (
        Bootstrap("111111111111", "eu-west-1"),
        Bootstrap("111111111111", "us-east-1"),
        Bootstrap("222222222222", "eu-west-1"),
        Bootstrap("333333333333", "us-east-1"),
    )


def test_plan_resolves_roles_and_stack_names_for_reading() -> None:
    (deploy,) = [a for a in plan_of("three-accounts").definition.stage("Prod").actions if a.name == "Deploy"]

    assert deploy.role_arn == "arn:aws:iam::333333333333:role/cdk-hnb659fds-deploy-role-333333333333-us-east-1"
    assert deploy.configuration["StackName"] == "Prod-Api"
    assert deploy.region == "us-east-1"


def test_plan_reads_a_v1_pipeline_with_change_sets_and_a_joined_name_in_no_environment() -> None:
    plan = plan_of("v1-change-sets")

    assert plan.definition.pipeline_type == "V1"
    assert "Build/Synth-us-east-1" in actions(plan)
    modes = [action.configuration["ActionMode"] for action in plan.definition.stage("Test").actions]
    assert modes == ["CHANGE_SET_REPLACE", "CHANGE_SET_EXECUTE"]
    assert plan.bootstraps == (Bootstrap("111111111111", "us-east-1"),)
    assert plan.unsupported == ()


def test_plan_refuses_to_guess_among_several_pipelines() -> None:
    with pytest.raises(BadInput, match=r"blue \(stack Blue\), green \(stack Green\).*--pipeline NAME"):
        plan_of("two-pipelines")


@pytest.mark.parametrize("choice", ["green", "Green"])
def test_plan_takes_the_pipeline_that_is_named_by_its_name_or_its_stack(choice: str) -> None:
    assert plan_of("two-pipelines", pipeline=choice).name == "green"


def test_plan_names_the_pipelines_that_there_are_when_the_choice_is_none_of_them() -> None:
    with pytest.raises(BadInput, match=r"red.*blue"):
        plan_of("two-pipelines", pipeline="red")


def test_plan_collects_everything_unsupported_by_name() -> None:
    plan = plan_of("unsupported")

    expected = [
        "context ssm:account=111111111111:parameterName=/looked/up",
        "action Odd/Invoke: Invoke provider Lambda",
        "action Odd/Delete: CloudFormation ActionMode DELETE_ONLY",
        "rule Odd/BeforeEntry/Window: provider DeploymentWindow",
        "resource type AWS::Synthetics::Canary in stack Pipe (Canary)",
        "function Ruby69C2DF7A in stack Pipe: runtime ruby3.3",
        "function Image9D742C96 in stack Pipe: a container image",
        "Docker image asset Image/AssetImage",
        "Fn::ImportValue nobody-exports-this",
    ]
    assert [sentence[: len(start)] for sentence, start in zip(plan.unsupported, expected, strict=True)] == expected


def test_plan_raises_every_reason_at_once_when_support_is_required() -> None:
    with pytest.raises(Unsupported) as caught:
        plan_of("unsupported").require_supported()

    message = str(caught.value)
    assert "AWS::Synthetics::Canary" in message
    assert "DeploymentWindow" in message
    assert "Nothing was started" in message


def test_plan_puts_an_agnostic_pipeline_where_the_settings_say() -> None:
    settings = Settings(account="444444444444", region="eu-central-1")

    plan = make_plan(read_assembly(case("v1-change-sets")), settings)

    assert (plan.account, plan.region) == ("444444444444", "eu-central-1")
    assert plan.bootstraps == (Bootstrap("444444444444", "eu-central-1"),)


def test_plan_leaves_a_pipeline_where_its_stack_says() -> None:
    settings = Settings(account="444444444444", region="eu-central-1")

    assert make_plan(read_assembly(case("three-accounts")), settings).bootstraps == plan_of("three-accounts").bootstraps


def test_plan_tells_of_what_is_stored_only_what_can_decide_a_release() -> None:
    loud = StoredOnly(what="AWS::EC2::VPC", count=1, why="there is no network", is_quiet=False)
    quiet = StoredOnly(what="AWS::CloudWatch::Dashboard", count=1, why="it is not drawn", is_quiet=True)

    plan = replace(plan_of("three-accounts"), stored_only=(loud, quiet))

    assert plan.not_rehearsed == ("AWS::EC2::VPC: there is no network",)


def test_plan_finds_what_is_stored_only_in_its_stacks() -> None:
    assert [item.what for item in plan_of("v1-change-sets").stored_only] == ["AWS::Events::Rule Targets.RoleArn"]
