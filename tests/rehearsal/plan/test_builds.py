"""What a plan says of builds: refused by name, or noticed once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.plan.drawing import list_plan
from rehearsal.plan.plan import Plan, make_plan
from rehearsal.source.assembly import read_assembly
from tests.rehearsal.cases import case

Change = Callable[[dict[str, Any]], None]


def plan(folder: Path, change: Change) -> Plan:
    shutil.copytree(case("three-accounts"), folder / "cdk.out")
    template = folder / "cdk.out" / "Pipe.template.json"
    content = json.loads(template.read_text())
    change(content["Resources"])
    template.write_text(json.dumps(content))
    return make_plan(read_assembly(folder / "cdk.out"))


def projects(resources: dict[str, Any]) -> list[dict[str, Any]]:
    return [found["Properties"] for found in resources.values() if found["Type"] == "AWS::CodeBuild::Project"]


def with_buildspec(**more: Any) -> Change:
    def change(resources: dict[str, Any]) -> None:
        for properties in projects(resources):
            phases = {"build": {"commands": ["true"]}}
            properties["Source"]["BuildSpec"] = json.dumps({"version": "0.2", "phases": phases, **more})

    return change


def with_properties(**more: Any) -> Change:
    def change(resources: dict[str, Any]) -> None:
        for properties in projects(resources):
            properties.update(more)

    return change


def with_another_project(**properties: Any) -> Change:
    def change(resources: dict[str, Any]) -> None:
        source = {"Type": "GITHUB", "BuildSpec": "version: 0.2\nphases: ["}
        resources["Nightly"] = {"Type": "AWS::CodeBuild::Project", "Properties": {"Source": source, **properties}}

    return change


def with_configuration(**more: str) -> Change:
    def change(resources: dict[str, Any]) -> None:
        (pipeline,) = [found for found in resources.values() if found["Type"] == "AWS::CodePipeline::Pipeline"]
        for stage in pipeline["Properties"]["Stages"]:
            for action in stage["Actions"]:
                if action["Name"] == "SelfMutate":
                    action["Configuration"].update(more)

    return change


@pytest.mark.parametrize(
    ("change", "start", "words"),
    [
        (with_configuration(BatchEnabled="true"), "action UpdatePipeline/SelfMutate: ", "batch builds (BatchEnabled)"),
        (with_configuration(Priority="1"), "action UpdatePipeline/SelfMutate: ", "Priority: no key"),
        (with_buildspec(env={"shell": "cmd.exe"}), "buildspec of project ", "env/shell cmd.exe: Windows builds"),
        (with_properties(FileSystemLocations=[{"Type": "EFS"}]), "project ", "FileSystemLocations is set"),
        (with_properties(Invented=True), "project ", "Invented: no property of AWS::CodeBuild::Project"),
    ],
)
def test_what_a_build_cannot_do_here_is_said_by_name(tmp_path: Path, change: Change, start: str, words: str) -> None:
    sentences = plan(tmp_path, change).unsupported

    assert sentences
    assert all(sentence.startswith(start) and words in sentence for sentence in sentences)


def test_what_differs_is_noticed_once_for_all_builds_and_listed(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        with_buildspec(reports={"unit": {"files": ["x"]}}, env={"exported-variables": ["AWS_SESSION_TOKEN"]})(resources)
        with_properties(VpcConfig={"VpcId": {"Ref": "Vpc"}})(resources)

    made = plan(tmp_path, change)

    assert [notice.split(":")[1].split(" of a ")[0].strip() for notice in made.notices] == [
        "VpcConfig",
        "reports",
        "AWS_SESSION_TOKEN",
    ]
    assert made.unsupported == ()
    assert "\nOther than on AWS:\n  - CodeBuild: VpcConfig of a project is not done here: " in list_plan(made)


def test_variable_with_a_reserved_name_is_noticed_whoever_sets_it(tmp_path: Path) -> None:
    variables = json.dumps([{"name": "CODEBUILD_BUILD_NUMBER", "type": "PLAINTEXT", "value": "1"}])

    (notice,) = plan(tmp_path, with_configuration(EnvironmentVariables=variables)).notices

    assert notice == "CodeBuild: the variable CODEBUILD_BUILD_NUMBER of a build keeps CodeBuild's value: " + (
        "CODEBUILD_ is reserved."
    )


def test_project_that_no_action_names_is_not_judged_but_noticed(tmp_path: Path) -> None:
    made = plan(tmp_path, with_another_project(FileSystemLocations=[{"Type": "EFS"}]))

    assert made.unsupported == ()
    assert made.notices == (
        "CodeBuild: project Nightly in stack Pipe is in no action of the pipeline, and is never built here.",
    )


def test_project_is_judged_when_an_action_names_it_by_its_name(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        with_another_project(Name="nightly")(resources)
        with_configuration(ProjectName="nightly")(resources)

    made = plan(tmp_path, change)

    assert [sentence for sentence in made.unsupported if "project Nightly" in sentence]


def test_all_projects_are_judged_when_an_action_names_one_that_no_template_has(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        with_another_project()(resources)
        with_configuration(ProjectName="of-somebody-else")(resources)

    assert [sentence for sentence in plan(tmp_path, change).unsupported if "project Nightly" in sentence]


@pytest.mark.parametrize(
    "properties",
    [
        {"Environment": {"Type": {"Ref": "TypeOfTheBuilds"}}},
        {"FileSystemLocations": {"Fn::If": ["HasFiles", [{"Identifier": "files"}], {"Ref": "AWS::NoValue"}]}},
        {"Source": {"Type": "CODEPIPELINE", "BuildSpec": {"Fn::If": ["IsOld", "version: 0.1", "buildspec.yml"]}}},
    ],
)
def test_what_only_the_deployment_knows_of_a_project_is_not_refused(tmp_path: Path, properties: dict[str, Any]) -> None:
    assert plan(tmp_path, with_properties(**properties)).unsupported == ()
