"""Plans of the apps of others (tests/rehearsal/apps): where they go, what counts, and what is refused."""

from __future__ import annotations

from rehearsal.plan.plan import Bootstrap, Plan, make_plan
from rehearsal.source.assembly import read_assembly
from rehearsal.source.settings import Settings
from tests.rehearsal.cases import case


def plan_of(name: str, settings: Settings | None = None) -> Plan:
    return make_plan(read_assembly(case(name)), settings or Settings())


def actions(plan: Plan) -> list[str]:
    return [f"{stage.name}/{action.name}" for stage in plan.definition.stages for action in stage.actions]


def test_agnostic_app_goes_where_the_settings_say_with_its_repository_as_the_source() -> None:
    plan = plan_of("agnostic", Settings(account="222222222222", region="eu-west-1"))

    assert plan.bootstraps == (Bootstrap("222222222222", "eu-west-1"),)
    assert actions(plan) == [
        "Source/hits",
        "Build/Synth",
        "UpdatePipeline/SelfMutate",
        "Deploy/Hits.Prepare",
        "Deploy/Hits.Deploy",
        "Deploy/Hit",
    ]
    assert plan.definition.stage("Source").actions[0].configuration["RepositoryName"] == "hits"
    assert plan.unsupported == ()


def test_app_in_two_regions_has_both_bootstrapped_and_its_support_stack() -> None:
    plan = plan_of("two_regions")

    assert plan.bootstraps == (Bootstrap("111111111111", "eu-central-1"), Bootstrap("111111111111", "us-east-1"))
    assert {stack.name for stack in plan.assembly.stacks} == {
        "WherePipeline",
        "WherePipeline-support-eu-central-1",
        "First-Where",
        "Second-Where",
    }
    assert plan.unsupported == ()


def test_network_with_its_custom_resource_is_supported() -> None:
    plan = plan_of("vpc")

    types = {resource["Type"] for stack in plan.assembly.stacks for _, resource in stack.resources()}
    assert "Custom::VpcRestrictDefaultSG" in types
    assert plan.unsupported == ()


def test_sandbox_that_the_pipeline_never_deploys_neither_refuses_nor_is_bootstrapped() -> None:
    stacks = {stack.name: stack for stack in read_assembly(case("nodejs")).stacks}

    plan = plan_of("nodejs")

    assert "AWS::Synthetics::Canary" in {resource["Type"] for _, resource in stacks["Sandbox"].resources()}
    assert plan.unsupported == ()
    assert plan.bootstraps == (Bootstrap("111111111111", "eu-west-1"),)
