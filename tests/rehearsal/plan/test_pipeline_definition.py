from __future__ import annotations

from pathlib import Path
from typing import Any

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
