"""The approval of prod: alone in its stage, with what a person needs to decide."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.evidence.runtime.verdict import LONGEST_SUMMARY

Stages = dict[str, dict[str, Any]]
LONGEST_COMMENT = 1000
"""CodePipeline's, "Manual approval action reference"."""


@pytest.fixture
def approval(stages: Stages) -> dict[str, Any]:
    named: dict[str, dict[str, Any]] = {action["Name"]: action for action in stages["ApproveProd"]["Actions"]}
    return named["Approve"]


def test_approval_stands_between_the_evidence_and_prod(stages: Stages, approval: dict[str, Any]) -> None:
    names = list(stages)
    orders = {action["Name"]: action["RunOrder"] for action in stages["ApproveProd"]["Actions"]}
    assert approval["ActionTypeId"]["Provider"] == "Manual"
    assert orders == {"Evidence": 1, "Approve": 2}
    assert names.index("ApproveProd") == names.index("Prod") - 1


def test_approval_names_commit_execution_and_digest_and_links_to_the_evidence(
    stages: Stages, approval: dict[str, Any]
) -> None:
    # given
    (source,) = stages["Source"]["Actions"]
    evidence = stages["ApproveProd"]["Actions"][0]["Namespace"]
    # when
    shown = approval["Configuration"]
    # then
    for variable in (f"{source['Namespace']}.CommitId", "codepipeline.PipelineExecutionId"):
        assert f"#{{{variable}}}" in shown["CustomData"]
    for variable in ("EVIDENCE_DIGEST", "EVIDENCE_SUMMARY"):
        assert f"#{{{evidence}.{variable}}}" in shown["CustomData"]
    before, bucket, after = shown["ExternalEntityLink"]["Fn::Join"][1]
    assert before == "https://eu-west-1.console.aws.amazon.com/s3/object/"
    assert "Bucket" in bucket["Ref"]
    folder = f"executions/#{{codepipeline.PipelineExecutionId}}/#{{{evidence}.EVIDENCE_ATTEMPT}}"
    assert after == f"?region=eu-west-1&prefix={folder}/index.html"


def test_question_is_true_when_staging_has_a_newer_commit_and_says_how_to_let_that_one_through(
    approval: dict[str, Any],
) -> None:
    question = approval["Configuration"]["CustomData"]
    assert "is in staging" not in question
    assert "A newer commit may be in staging by now" in question
    assert question.endswith("to let it go on without this one, reject this one.")
    longest = question.replace("EVIDENCE_SUMMARY", "s" * LONGEST_SUMMARY)
    assert len(longest) <= LONGEST_COMMENT


def test_unanswered_approval_ends_after_a_day(approval: dict[str, Any]) -> None:
    assert approval["TimeoutInMinutes"] == 24 * 60
