from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import BadInput
from tests.rehearsal.plan.test_unsupported import planned, unsupported

CONDITION = {"Fn::Equals": ["a", "b"]}


def pipeline_of(resources: dict[str, Any]) -> dict[str, Any]:
    found = next(resource for resource in resources.values() if resource["Type"] == "AWS::CodePipeline::Pipeline")
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_a_definition_that_codepipeline_would_refuse_is_said_in_its_words(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        stages = pipeline_of(resources)["Stages"]
        stages[1]["Actions"].append(stages[1]["Actions"][0])

    name = "all action names within a stage must be unique"
    assert any(
        sentence.startswith("CodePipeline refuses the definition: ") and name in sentence
        for sentence in unsupported(tmp_path, change)
    )


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("Stages",), None, "pipeline.stages"),
        (("Stages", 1), "Build", "pipeline.stages.2.member"),
        (("Stages", 1, "Actions"), "Synth", "pipeline.stages.2.member.actions"),
        (("Stages", 1, "Actions", 0), ["Synth"], "pipeline.stages.2.member.actions.1.member"),
        (("Stages", 1, "Actions", 0, "ActionTypeId"), "CodeBuild", "actions.1.member.actionTypeId"),
        (("Stages", 1, "Actions", 0, "Configuration"), ["ProjectName"], "actions.1.member.configuration"),
        (("Stages", 1, "Actions", 0, "InputArtifacts"), ["Source"], "inputArtifacts.1.member"),
        (("ArtifactStore",), "bucket", "pipeline.artifactStore"),
    ],
)
def test_a_definition_of_another_shape_is_said_in_its_words(
    tmp_path: Path, path: tuple[Any, ...], value: Any, where: str
) -> None:
    def change(resources: dict[str, Any]) -> None:
        part: Any = pipeline_of(resources)
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = value

    with pytest.raises(BadInput, match=rf"CodePipeline refuses the definition: .*{where}"):
        planned(tmp_path, change)


def test_a_property_of_the_definition_that_nobody_reads_is_named(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        pipeline_of(resources)["Stages"][1]["Blockers"] = [{"Name": "Night", "Type": "Schedule"}]

    (sentence,) = unsupported(tmp_path, change)

    assert sentence.endswith(": Blockers is not supported")


def test_what_an_intrinsic_hides_is_not_refused(tmp_path: Path) -> None:
    """A parameter may be given another value than its default, and nobody knows yet which branch of an Fn::If holds."""

    def change(resources: dict[str, Any]) -> None:
        pipeline = pipeline_of(resources)
        pipeline["Name"] = {"Ref": "NameOfThePipeline"}
        action = pipeline["Stages"][1]["Actions"][0]
        action["RunOrder"] = {"Fn::If": ["IsLate", 1000, 1]}
        action["Configuration"]["ProjectName"] = {"Fn::If": ["IsLate", "", "project"]}
        pipeline["ExecutionMode"] = {"Ref": "Mode"}

    assert unsupported(tmp_path, change) == ()


def test_triggers_are_named_for_they_are_not_evaluated(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        git = {"SourceActionName": "Code", "Push": [{"Branches": {"Includes": ["main"]}}]}
        pipeline_of(resources)["Triggers"] = [{"ProviderType": "CodeStarSourceConnection", "GitConfiguration": git}]

    assert not any("triggers" in notice for notice in planned(tmp_path / "without", lambda _: None).notices)
    assert any("triggers are not evaluated" in notice for notice in planned(tmp_path / "with", change).notices)
