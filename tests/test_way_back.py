"""Whether the stage that runs is being rolled back, as CodePipeline tells it."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.way_back import main, way_back


class FakeCodePipeline:
    """GetPipelineState of a pipeline whose Prod is run by an execution of this type; None is no execution at all."""

    def __init__(self, kind: str | None) -> None:
        self._kind = kind

    def get_pipeline_state(self, *, name: str) -> dict[str, Any]:
        assert name == "Release"
        latest = {"pipelineExecutionId": "e", "status": "InProgress", "type": self._kind}
        staging = {"stageName": "Staging", "latestExecution": {**latest, "type": "ROLLBACK"}}
        prod = {"stageName": "Prod", **({} if self._kind is None else {"latestExecution": latest})}
        return {"stageStates": [staging, prod]}


@pytest.mark.parametrize(("kind", "answer"), [("STANDARD", "no"), ("ROLLBACK", "yes")])
def test_stage_is_on_its_way_back_in_a_rollback_alone(kind: str, answer: str) -> None:
    assert way_back(FakeCodePipeline(kind), "Release", "Prod") == answer


@pytest.mark.parametrize("stage", ["Prod", "Prud"])
def test_stage_without_an_execution_has_no_answer(stage: str) -> None:
    with pytest.raises(LookupError, match=f"Stage {stage} of pipeline Release has no execution"):
        way_back(FakeCodePipeline(None), "Release", stage)


def test_usage_is_said_when_it_is_called_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Release"]) == 2
    assert capsys.readouterr().err == "usage: way_back.py PIPELINE STAGE\n"
