"""What CodePipeline's history says of a release."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.evidence.runtime.errors import EvidenceError
from pipeline.evidence.runtime.executions import commit_of, in_prod, listed, pushes_since, rollback_of

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def summary(number: int, commit: str, *, status: str = "Succeeded", **more: Any) -> dict[str, Any]:
    return {
        "pipelineExecutionId": f"e{number}",
        "status": status,
        "startTime": AT,
        "lastUpdateTime": AT,
        "sourceRevisions": [{"revisionId": commit, "revisionSummary": f"Change {commit}\n\nWhy."}],
        "executionType": "STANDARD",
        **more,
    }


class FakeCodePipeline:
    """`prod` is the latest execution of Prod; `succeeded` what the filter on its successes finds, newest first."""

    def __init__(
        self, *listed: dict[str, Any], prod: dict[str, Any] | None = None, succeeded: tuple[dict[str, Any], ...] = ()
    ) -> None:
        self._listed, self._prod, self._succeeded = listed, prod, succeeded

    def get_pipeline_state(self, *, name: str) -> dict[str, Any]:
        prod = {} if self._prod is None else {"latestExecution": self._prod}
        return {"stageStates": [{"stageName": "Staging"}, {"stageName": "Prod", **prod}]}

    def get_paginator(self, operation: str) -> FakeCodePipeline:
        assert operation == "list_pipeline_executions"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        if "filter" in asked:
            assert asked["filter"] == {"succeededInStage": {"stageName": "Prod"}}
        yield {"pipelineExecutionSummaries": list(self._succeeded if "filter" in asked else self._listed)}


def running(fake: FakeCodePipeline) -> Any:
    return in_prod(fake, "Release", "Prod", listed(fake, "Release"))


@pytest.mark.parametrize("told", ["Faster\n\nMuch.", '{"ProviderType":"GitHub","CommitMessage":"Faster\\n\\nMuch."}'])
def test_title_is_the_messages_first_line_however_the_source_tells_it(told: str) -> None:
    fake = FakeCodePipeline(summary(1, "c1", sourceRevisions=[{"revisionId": "c1", "revisionSummary": told}]))
    commit = commit_of(listed(fake, "Release"), "e1", author="", url="https://example/{commit}")
    assert (commit.title, commit.author, commit.url) == ("Faster", None, "https://example/c1")


def test_execution_that_is_not_listed_is_an_error() -> None:
    with pytest.raises(EvidenceError, match="does not list execution e9"):
        commit_of(listed(FakeCodePipeline(summary(1, "c1")), "Release"), "e9", author=None, url="")


def test_prod_runs_what_succeeded_in_it_last() -> None:
    fake = FakeCodePipeline(
        summary(2, "c2"), summary(1, "c1"), prod={"pipelineExecutionId": "e1", "status": "Succeeded"}
    )
    found, was_released = running(fake)
    assert (found.execution_id, found.commit_id, was_released) == ("e1", "c1", True)


def test_prod_that_was_rolled_back_runs_what_it_went_back_to() -> None:
    back = summary(3, "c1", executionType="ROLLBACK", rollbackMetadata={"rollbackTargetPipelineExecutionId": "e1"})
    latest = {"pipelineExecutionId": "e3", "status": "Succeeded", "type": "ROLLBACK"}
    found, _ = running(FakeCodePipeline(back, summary(2, "c2"), summary(1, "c1"), prod=latest))
    assert (found.execution_id, found.commit_id) == ("e1", "c1")
    assert "rolled back to it by execution e3" in found.reason


@pytest.mark.parametrize(("status", "words"), [("Failed", "ended there as Failed"), ("InProgress", "is in it now")])
def test_prod_in_which_the_last_execution_did_not_succeed_runs_nobody_knows_what(status: str, words: str) -> None:
    found, was_released = running(
        FakeCodePipeline(summary(1, "c1"), prod={"pipelineExecutionId": "e1", "status": status})
    )
    assert (found.execution_id, was_released) == (None, True)
    assert words in found.reason


def test_prod_to_which_nothing_was_released_is_said_to_be_so() -> None:
    found, was_released = running(FakeCodePipeline(summary(1, "c1")))
    assert (found.execution_id, found.reason, was_released) == (None, "Nothing was released to Prod yet.", False)


def test_pushes_are_those_since_what_prod_runs_each_once_and_without_what_came_later() -> None:
    told = [
        summary(6, "c5", status="InProgress"),
        summary(5, "c4", status="InProgress"),
        summary(4, "c4", status="Cancelled"),
        summary(3, "c3", status="Superseded"),
        summary(2, "c1", executionType="ROLLBACK"),
        summary(1, "c1"),
        summary(0, "c0"),
    ]
    fake = FakeCodePipeline(*told, prod={"pipelineExecutionId": "e1", "status": "Succeeded"})
    pushes = pushes_since(listed(fake, "Release"), "e5", running(fake)[0])
    assert [(push.commit_id, push.execution_id) for push in pushes] == [("c4", "e5"), ("c3", "e3")]


def test_rollback_goes_to_the_latest_success_in_this_version_of_the_pipeline() -> None:
    found = rollback_of(FakeCodePipeline(succeeded=(summary(2, "c2"), summary(1, "c1"))), "Release", "Prod")
    assert (found.execution_id, found.commit_id) == ("e2", "c2")


def test_changed_pipeline_has_nothing_to_roll_back_to() -> None:
    found = rollback_of(FakeCodePipeline(), "Release", "Prod")
    assert found.execution_id is None
    assert "since the pipeline was last changed" in found.reason


def test_rollback_is_nothing_to_roll_back_to() -> None:
    back = summary(3, "c1", executionType="ROLLBACK")
    found = rollback_of(FakeCodePipeline(succeeded=(back, summary(1, "c1"))), "Release", "Prod")
    assert (found.execution_id, found.reason.endswith("cannot go back to a rollback.")) == (None, True)
