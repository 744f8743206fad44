"""The approval of prod: alone in its stage, with what a person needs to decide."""

from __future__ import annotations

from typing import Any

Stages = dict[str, dict[str, Any]]
LONGEST_COMMENT = 1000
"""CodePipeline's, "Manual approval action reference"."""


def test_approval_is_the_only_action_of_its_stage_and_comes_before_prod(stages: Stages) -> None:
    (action,) = stages["ApproveProd"]["Actions"]
    names = list(stages)
    assert action["ActionTypeId"]["Provider"] == "Manual"
    assert names.index("ApproveProd") == names.index("Prod") - 1


def test_approval_names_commit_and_execution_and_links_to_the_change(stages: Stages) -> None:
    # given
    (source,) = stages["Source"]["Actions"]
    commit = f"#{{{source['Namespace']}.CommitId}}"
    # when
    shown = stages["ApproveProd"]["Actions"][0]["Configuration"]
    # then
    assert commit in shown["CustomData"]
    assert "#{codepipeline.PipelineExecutionId}" in shown["CustomData"]
    assert shown["ExternalEntityLink"] == f"https://github.com/acme/autonomous-car-manager/commit/{commit}"


def test_question_is_true_when_staging_has_a_newer_commit_and_says_how_to_let_that_one_through(stages: Stages) -> None:
    question = stages["ApproveProd"]["Actions"][0]["Configuration"]["CustomData"]
    assert "is in staging" not in question
    assert "A newer commit may be in staging by now" in question
    assert question.endswith("to let it go on without this one, reject this one.")
    assert len(question) <= LONGEST_COMMENT


def test_unanswered_approval_ends_after_a_day(stages: Stages) -> None:
    assert stages["ApproveProd"]["Actions"][0]["TimeoutInMinutes"] == 24 * 60
