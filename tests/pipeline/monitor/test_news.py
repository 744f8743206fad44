"""What the release managers are told: once of everything, in words that are enough to act on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.executions.execution import Execution, execution_of
from pipeline.monitor.runtime.news import (
    ActionNotSeen,
    Message,
    Place,
    is_told_with_impacts,
    news_of,
    subject_of,
)
from tests.pipeline.executions.stories import BEGINNING, MINUTE, action_type, detail, revision, summary
from tests.synthesis import ROOT

PLACE = Place(
    pipeline="AutonomousCarManager",
    prod_stage="Prod",
    region="eu-west-1",
    runbook_url="https://example.com/runbook",
    approval_timeout=timedelta(hours=24),
)
EXECUTION_ID = "12345678-1234-5678-abcd-12345678abcd"
COMMIT = revision("1f5f691" + "0" * 33, '{"ProviderType":"GitHub","CommitMessage":"Reads are quicker\\n\\nMore."}')


def event(name: str, **detail_fields: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((ROOT / "tests" / "events" / f"{name}.json").read_text())
    return {**told, "detail": {**told["detail"], **detail_fields}}


def execution(status: str, *details: dict[str, Any], **more: Any) -> Execution:
    told = summary(EXECUTION_ID, status, BEGINNING, BEGINNING + 50 * MINUTE, sourceRevisions=COMMIT, **more)
    return execution_of(told, details)


def approval(status: str, reason: str = "") -> dict[str, Any]:
    return detail(
        "ApproveProd",
        "Approve",
        status,
        BEGINNING + 40 * MINUTE,
        BEGINNING + 40 * MINUTE,
        actionExecutionId="47f821c5-a902-44c0-ae61-1a5ebd0a5b5a",
        input={
            "actionTypeId": action_type("Approval", "Manual"),
            "resolvedConfiguration": {"CustomData": "Release it?", "ExternalEntityLink": "https://example.com/change"},
        },
        output={"executionResult": {"externalExecutionSummary": reason}},
    )


def failed(stage: str, name: str, reason: str) -> dict[str, Any]:
    result = {"executionResult": {"externalExecutionSummary": reason}}
    return detail(stage, name, "Failed", BEGINNING + 41 * MINUTE, BEGINNING + 50 * MINUTE, output=result)


def told(happened: dict[str, Any], known: Execution) -> Message:
    message = news_of(happened, known, PLACE)
    assert message is not None
    return message


def test_open_question_is_told_with_what_to_look_at_how_to_answer_and_until_when() -> None:
    message = told(event("codepipeline-approval-started"), execution("InProgress", approval("InProgress")))

    assert message.subject == "Waits for approval: 1f5f691 Reads are quicker"
    assert message.text.startswith("Release it?\n")
    assert "https://example.com/change" in message.text
    assert f"python -m pipeline.release evidence --execution {EXECUTION_ID}" in message.text
    assert f"python -m pipeline.release approve --execution {EXECUTION_ID}" in message.text
    assert "https://eu-west-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/AutonomousCarManager/view" in (
        message.text
    )
    assert "rejected at 2026-03-03 09:40 UTC" in message.text


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Abandoned"])
def test_question_that_was_answered_meanwhile_is_not_told_again(status: str) -> None:
    assert news_of(event("codepipeline-approval-started"), execution("InProgress", approval(status)), PLACE) is None


def test_question_that_codepipeline_does_not_list_yet_is_asked_for_again() -> None:
    with pytest.raises(ActionNotSeen, match="47f821c5"):
        news_of(event("codepipeline-approval-started"), execution("InProgress"), PLACE)


@pytest.mark.parametrize(
    ("state", "known", "subject", "words"),
    [
        ("SUCCEEDED", execution("Succeeded"), "Released: 1f5f691 Reads are quicker", "in 50 min"),
        (
            "FAILED",
            execution("Failed", approval("Failed", "Rejected by Ann: not on a Friday")),
            "Not approved: 1f5f691 Reads are quicker",
            "Rejected by Ann: not on a Friday",
        ),
        (
            "FAILED",
            execution("Failed", approval("Succeeded"), failed("Prod", "Bake", "cars-prod-api-5xx-rate is ALARM")),
            "Stopped in Prod by bake: 1f5f691 Reads are quicker",
            "Reason: cars-prod-api-5xx-rate is ALARM",
        ),
        (
            "FAILED",
            execution("Failed", approval("Succeeded"), statusSummary="A condition failed"),
            "Failed in ApproveProd: 1f5f691 Reads are quicker",
            "A condition failed",
        ),
        (
            "STOPPED",
            execution("Stopped", approval("Abandoned"), stopTrigger={"reason": "The wrong branch"}),
            "Stopped by a person: 1f5f691 Reads are quicker",
            "In stage ApproveProd: The wrong branch",
        ),
        (
            "SUCCEEDED",
            execution(
                "Succeeded",
                detail("Prod", "Api.Deploy", "Succeeded", BEGINNING, BEGINNING),
                executionType="ROLLBACK",
                rollbackMetadata={"rollbackTargetPipelineExecutionId": "good"},
            ),
            "Prod was rolled back to 1f5f691 Reads are quicker",
            "of execution good",
        ),
        (
            "FAILED",
            execution("Failed", failed("Prod", "Api.Deploy", "No permission"), executionType="ROLLBACK"),
            "ROLLBACK FAILED in Prod, to 1f5f691 Reads are quicker",
            "Reason: No permission",
        ),
    ],
)
def test_end_of_an_execution_says_what_became_of_which_commit_and_why(
    state: str, known: Execution, subject: str, words: str
) -> None:
    message = told(event("codepipeline-execution-failed", state=state), known)

    assert message.subject == subject
    assert words in message.text
    assert f"/executions/{EXECUTION_ID}/timeline?region=eu-west-1" in message.text
    assert message.text.endswith("Runbook:   https://example.com/runbook/release.md")


@pytest.mark.parametrize("state", ["STARTED", "SUPERSEDED", "CANCELED", "RESUMED", "STOPPING"])
def test_what_goes_on_or_is_followed_by_another_execution_is_no_news(state: str) -> None:
    assert news_of(event("codepipeline-execution-failed", state=state), execution("InProgress"), PLACE) is None


def test_end_of_an_action_or_a_stage_is_told_as_the_end_of_its_execution() -> None:
    known = execution("Failed", approval("Failed"))
    of_stage = {
        **event("codepipeline-execution-failed", stage="ApproveProd"),
        "detail-type": "CodePipeline Stage Execution State Change",
    }

    assert news_of(event("codepipeline-approval-started", state="FAILED"), known, PLACE) is None
    assert news_of(of_stage, known, PLACE) is None


@given(st.text())
@example("Zurück: a title\nwith a line break, 'ünd' much too long for what SNS takes as a subject of a message " * 2)
def test_subject_is_what_sns_takes(title: str) -> None:
    """Publish, Subject: ASCII, no line breaks or control characters, less than 100 characters."""
    subject = subject_of(f"Released: {title}")

    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) < 100
    assert subject.startswith("Released:")


def test_subject_keeps_what_fits() -> None:
    assert subject_of("Released: Zurück") == "Released: Zuruck"


def test_what_a_commit_says_steers_no_terminal_and_begins_no_line() -> None:
    commit = revision("1f5f691" + "0" * 33, "Reads\x1b[2J are\u2028Harmed: nobody\nMore.")
    known = execution_of(
        summary(EXECUTION_ID, "Failed", BEGINNING, BEGINNING + MINUTE, sourceRevisions=commit),
        [failed("Prod", "EndToEnd", "One\x07 test\tfailed.\nAt its end.")],
    )

    message = told(event("codepipeline-execution-failed"), known)

    assert "Commit:    1f5f691 Reads?[2J are\n" in message.text
    assert "One? test\tfailed.\nAt its end." in message.text


@pytest.mark.parametrize(
    ("kind", "state", "is_told"),
    [
        ("STANDARD", "FAILED", True),
        ("STANDARD", "STOPPED", True),
        ("STANDARD", "SUCCEEDED", False),
        ("STANDARD", "SUPERSEDED", False),
        ("ROLLBACK", "SUCCEEDED", True),
        ("ROLLBACK", "FAILED", True),
        ("ROLLBACK", "STARTED", False),
    ],
)
def test_stages_are_asked_for_what_was_stopped_and_what_was_put_back(kind: str, state: str, is_told: bool) -> None:
    known = execution("Failed", executionType=kind)

    assert is_told_with_impacts(event("codepipeline-execution-failed", state=state), known) is is_told


def test_no_stage_is_asked_before_a_question_is_told() -> None:
    waits = event("codepipeline-approval-started", state="FAILED")

    assert not is_told_with_impacts(waits, execution("InProgress", approval("InProgress")))
