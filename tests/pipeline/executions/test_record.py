"""Executions are read as CodePipeline has them, as far back as asked, and what is over once."""

from __future__ import annotations

import pytest

from pipeline.executions.record import Record, UnknownExecution
from tests.pipeline.executions.fake_codepipeline import lists, lists_actions, stubbed
from tests.pipeline.executions.stories import BEGINNING, MINUTE, detail, summary

OLD = summary("11111111-0000-4000-8000-000000000000", "Succeeded", BEGINNING - MINUTE, BEGINNING)
OVER = summary("22222222-0000-4000-8000-000000000000", "Succeeded", BEGINNING, BEGINNING + MINUTE)
RUNNING = summary("33333333-0000-4000-8000-000000000000", "InProgress", BEGINNING + MINUTE, BEGINNING + MINUTE)


def test_reads_back_to_the_moment_with_actions_and_what_is_over_only_once() -> None:
    # given
    client, stubber = stubbed()
    for actions in ((RUNNING, OVER), (RUNNING,)):
        lists(stubber, [RUNNING, OVER, OLD])
        for told in actions:
            action = detail("Build", "Build", "Succeeded", BEGINNING, BEGINNING)
            lists_actions(stubber, told["pipelineExecutionId"], [action])
    record = Record(client, "cars")

    # when
    first, again = record.since(BEGINNING), record.since(BEGINNING)

    # then
    assert [found.id for found in first] == [RUNNING["pipelineExecutionId"], OVER["pipelineExecutionId"]]
    assert [action.name for found in first for action in found.actions] == ["Build", "Build"]
    assert again == first
    stubber.assert_no_pending_responses()


def test_execution_that_is_not_there_is_named() -> None:
    client, stubber = stubbed()
    lists(stubber, [OVER])

    with pytest.raises(UnknownExecution, match="Pipeline cars has no execution e since 2026-03-02"):
        Record(client, "cars").find("e", since=BEGINNING)


def test_successes_of_a_stage_are_asked_of_codepipeline() -> None:
    client, stubber = stubbed()
    lists(stubber, [OVER], filter={"succeededInStage": {"stageName": "Prod"}})

    assert [found.id for found in Record(client, "cars").succeeded_in("Prod")] == [OVER["pipelineExecutionId"]]
