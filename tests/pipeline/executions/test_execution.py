"""What CodePipeline's API says becomes an execution: with the commit's own words and date, however they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.executions.execution import ActionStatus, ExecutionType, execution_of
from tests.pipeline.executions.stories import BEGINNING, MINUTE, detail, revision, source_detail, summary


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ('{"ProviderType":"GitHub","CommitMessage":"Reads are quicker\\n\\nThe index is used."}', "Reads are quicker"),
        ("Reads are quicker\n\nThe index is used.\n", "Reads are quicker"),
        ("12", "12"),
        ("", ""),
    ],
)
def test_title_is_the_first_line_of_the_message_from_github_and_from_codecommit(told: str, title: str) -> None:
    found = execution_of(summary("e", "InProgress", BEGINNING, BEGINNING, sourceRevisions=revision("c" * 40, told)))

    assert found.commit is not None
    assert (found.commit.title, found.commit.short_id) == (title, "ccccccc")


def test_commits_date_is_its_committers_where_that_is_told() -> None:
    told = source_detail("c", BEGINNING, BEGINNING)
    told["output"]["outputVariables"]["CommitterDate"] = "2026-03-02T08:00:00Z"

    found = execution_of(summary("e", "Succeeded", BEGINNING, BEGINNING, sourceRevisions=revision("c")), [told])

    assert found.commit is not None
    assert found.commit.written_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_date_that_is_none_or_of_another_commit_is_not_known() -> None:
    told = source_detail("c", BEGINNING, BEGINNING)
    told["output"]["outputVariables"]["AuthorDate"] = "yesterday"
    other = source_detail("d", BEGINNING, BEGINNING)

    found = execution_of(summary("e", "Succeeded", BEGINNING, BEGINNING, sourceRevisions=revision("c")), [other, told])

    assert found.commit is not None
    assert found.commit.written_at is None


def test_execution_without_a_commit_yet_has_none() -> None:
    assert execution_of(summary("e", "InProgress", BEGINNING, BEGINNING)).commit is None


def test_actions_are_in_the_order_of_their_beginning_and_the_last_failure_is_the_one_that_ended_it() -> None:
    result = {"executionResult": {"externalExecutionSummary": "Build terminated with state: FAILED"}}
    retried = [
        detail("Prod", "Bake", "Failed", BEGINNING + MINUTE, BEGINNING + 2 * MINUTE, output=result),
        detail("Prod", "EndToEnd", "Failed", BEGINNING, BEGINNING + MINUTE),
    ]

    found = execution_of(summary("e", "Failed", BEGINNING, BEGINNING + 2 * MINUTE), retried)

    assert [action.name for action in found.actions] == ["EndToEnd", "Bake"]
    failure = found.last_failure()
    assert failure is not None
    assert (failure.name, failure.status, failure.reason) == (
        "Bake",
        ActionStatus.FAILED,
        "Build terminated with state: FAILED",
    )


def test_variables_of_a_configuration_are_resolved_where_codepipeline_has_resolved_them() -> None:
    given = {
        "actionTypeId": {"category": "Approval"},
        "configuration": {"CustomData": "Release #{Source.CommitId}?"},
        "resolvedConfiguration": {"CustomData": "Release c?"},
    }
    told = [detail("ApproveProd", "Approve", "InProgress", BEGINNING, BEGINNING, input=given)]

    (action,) = execution_of(summary("e", "InProgress", BEGINNING, BEGINNING), told).actions

    assert action.configuration == {"CustomData": "Release c?"}


def test_rollback_knows_what_it_goes_back_to_and_a_stopped_one_why() -> None:
    target = {"rollbackTargetPipelineExecutionId": "good"}
    ended = BEGINNING + timedelta(hours=1)
    back = summary("e", "Succeeded", BEGINNING, ended, executionType="ROLLBACK", rollbackMetadata=target)
    stopped = summary("f", "Stopped", BEGINNING, ended, stopTrigger={"reason": "The wrong branch"})

    assert (execution_of(back).type, execution_of(back).rollback_target) == (ExecutionType.ROLLBACK, "good")
    assert execution_of(stopped).stop_reason == "The wrong branch"
