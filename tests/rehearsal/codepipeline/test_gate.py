"""A build's gate is that of where it stands and of what it reads, in any pipeline."""

from __future__ import annotations

import pytest

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.definition import StageDeclaration
from rehearsal.codepipeline.gate import gate_of_action
from tests.rehearsal.codepipeline.fake_cloud import action, deployed, source_stage

ASSEMBLY = "Build_Output"


def _build(name: str, run_order: int, *inputs: str) -> ActionDeclaration:
    return action(name, provider="CodeBuild", run_order=run_order, inputs=["Code", *inputs])


def _stage(name: str, *more: ActionDeclaration) -> StageDeclaration:
    """It deploys the assembly with its second and its fourth run order."""
    deploys = [
        action(f"{stack}.Deploy", category="Deploy", provider="CloudFormation", run_order=order, inputs=[ASSEMBLY])
        for stack, order in (("Api", 2), ("Prober", 4))
    ]
    return StageDeclaration(name=name, actions=(*deploys, *more))


PROD = (
    _build("AsApproved", 1, ASSEMBLY),
    _build("WayBack", 1),
    _build("BesideTheFirst", 2, ASSEMBLY),
    _build("Between", 3, ASSEMBLY),
    _build("Bake", 5, ASSEMBLY),
)
SYNTH = action("Synth", provider="CodeBuild", inputs=["Code"], outputs=[ASSEMBLY])
DEFINITION = deployed(
    source_stage(),
    StageDeclaration(name="Build", actions=(SYNTH,)),
    StageDeclaration(name="UpdatePipeline", actions=(_build("SelfMutate", 1, ASSEMBLY),)),
    _stage("Staging", _build("Guard", 1, ASSEMBLY), _build("EndToEnd", 5)),
    _stage("Prod", *PROD),
).definition


def _gate(stage: str, name: str, named: str | None = None) -> str:
    (found,) = [each for declared in DEFINITION.stages if declared.name == stage for each in declared.actions
                if each.name == name]  # fmt: skip
    return gate_of_action(DEFINITION, stage, found, named=named, deployment=None)


@pytest.mark.parametrize(("stage", "name"), [("Prod", "AsApproved"), ("Staging", "Guard")])
@pytest.mark.parametrize("named", [None, "build"])
def test_build_that_reads_what_its_stage_deploys_before_it_does_is_its_guard(
    stage: str, name: str, named: str | None
) -> None:
    assert _gate(stage, name, named) == "pipeline-guard"


@pytest.mark.parametrize("name", ["WayBack", "BesideTheFirst", "Between", "Bake"])
def test_build_after_a_deployment_that_does_not_is_a_test_of_it(name: str) -> None:
    assert _gate("Prod", name) == "e2e"


@pytest.mark.parametrize(
    ("stage", "name", "named", "gate"),
    [
        ("Prod", "AsApproved", "unit-tests", "e2e"),
        ("Prod", "AsApproved", "bake", "bake"),
        ("Staging", "Guard", "unit-tests", "unit-tests"),
        ("Staging", "Guard", "synth", "synth"),
    ],
)
def test_tests_and_what_else_has_a_name_keep_it(stage: str, name: str, named: str, gate: str) -> None:
    assert _gate(stage, name, named) == gate


@pytest.mark.parametrize(("stage", "name"), [("Build", "Synth"), ("UpdatePipeline", "SelfMutate")])
def test_build_in_a_stage_that_deploys_nothing_guards_nothing(stage: str, name: str) -> None:
    assert _gate(stage, name) == "build"
