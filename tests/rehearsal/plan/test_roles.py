from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.codepipeline.definition import parse_definition
from rehearsal.plan.roles import unmade_roles
from rehearsal.source.assembly import CloudAssembly, Environment, StackArtifact

PLACE = ("111111111111", "eu-west-1")
BY_HAND = "arn:aws:iam::111111111111:role/by-hand"


def stack(resources: dict[str, Any]) -> StackArtifact:
    return StackArtifact(
        artifact_id="Pipe",
        name="Pipe",
        display_name="Pipe",
        environment=Environment(*PLACE),
        template_file="Pipe.template.json",
        template={"Resources": resources},
    )


def named(role_of_pipeline: str = "<Role>", role_of_action: str = "<Role>", **resources: Any) -> list[str]:
    action = {
        "Name": "Deploy",
        "ActionTypeId": {"Category": "Deploy", "Owner": "AWS", "Provider": "CloudFormation", "Version": "1"},
        "RoleArn": role_of_action,
    }
    properties = {"RoleArn": role_of_pipeline, "Stages": [{"Name": "Prod", "Actions": [action]}]}
    assembly = CloudAssembly(directory=Path(), version="54.0.0", stacks=(stack(resources),))
    return [
        sentence.partition(":")[0] for sentence in _short(unmade_roles(assembly, parse_definition(properties), PLACE))
    ]


def _short(sentences: Any) -> list[str]:
    return [sentence.replace(BY_HAND, "R") for sentence in sentences]


def test_role_that_nobody_makes_is_named_with_who_takes_it() -> None:
    project = {"Type": "AWS::CodeBuild::Project", "Properties": {"ServiceRole": BY_HAND}}

    assert named(role_of_pipeline=BY_HAND) == ["role R of the pipeline"]
    assert named(role_of_action=BY_HAND) == ["role R of action Prod/Deploy"]
    assert named(Project=project) == ["role R of project Project in stack Pipe"]


def test_role_that_a_stack_makes_under_its_name_is_made() -> None:
    assert named(BY_HAND, Role={"Type": "AWS::IAM::Role", "Properties": {"RoleName": "by-hand"}}) == []


def test_role_of_another_account_is_another() -> None:
    elsewhere = BY_HAND.replace("111111111111", "222222222222")

    assert len(named(elsewhere, Role={"Type": "AWS::IAM::Role", "Properties": {"RoleName": "by-hand"}})) == 1


@pytest.mark.parametrize("name", ["<Role>", "cdk-q1-deploy-role-222222222222-eu-west-1"])
def test_roles_that_the_deployment_or_the_bootstrap_makes_are_not_named(name: str) -> None:
    arn = f"arn:aws:iam::222222222222:role/{name}"

    assert named(arn, arn) == []
