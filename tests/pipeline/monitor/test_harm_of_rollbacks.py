"""A rollback's message says what was put back since when, and who was harmed until then, or what is not known."""

from __future__ import annotations

import pytest

from pipeline.executions.execution import Execution, execution_of
from pipeline.monitor.runtime.news import Message, news_of
from tests.pipeline.executions.stories import BEGINNING, MINUTE, PROD, detail, summary
from tests.pipeline.monitor.test_harm import (
    BACK_AT,
    BUILT,
    CALLS,
    CANARY_FAILED,
    TESTS_FAILED,
    execution,
    impacts,
    shifted,
    told,
)
from tests.pipeline.monitor.test_news import COMMIT, PLACE, event
from tests.pipeline.shifts.stage import FakeStage, info, refused, target

BEGAN = BEGINNING + 50 * MINUTE


def rollback(status: str = "Succeeded") -> Execution:
    told = summary("r", status, BEGAN, BEGAN + 9 * MINUTE, executionType="ROLLBACK", sourceRevisions=COMMIT)
    return execution_of(told, [detail(PROD, "Api.Deploy", status, BEGAN, BEGAN + 5 * MINUTE)])


def told_of(known: Execution, stage: FakeStage, *, state: str = "SUCCEEDED") -> Message:
    found = impacts(known, stage, before=[known, TESTS_FAILED, CANARY_FAILED])
    message = news_of(event("codepipeline-execution-failed", state=state), known, PLACE, found)
    assert message is not None
    return message


def test_rollback_says_what_was_put_back_since_when_and_what_it_did_until_then() -> None:
    """After a release of which the tests had failed."""
    back_at = BEGINNING + 52 * MINUTE
    way_back = info("d-9", "Succeeded", BEGINNING + 51 * MINUTE, back_at), target("7", "8", traffic_from=back_at)

    message = told_of(rollback(), FakeStage([shifted(), way_back], CALLS))

    assert message.subject == "Prod was rolled back to 1f5f691 Reads are quicker"
    assert "Put back: cars-api from version 7 to 8, which has all traffic since 2026-03-02 09:52 UTC." in message.text
    # 3 minutes of the shift, and 17 with all traffic
    assert "43 of 1730 calls of cars-api's version 7 failed in 20 min" in message.text


def test_way_back_in_steps_is_over_with_its_last_one() -> None:
    """Until then callers still get what was bad."""
    way_back = info("d-9", "Succeeded", BEGAN, BEGAN + 8 * MINUTE), target("7", "8", traffic_from=BEGAN + MINUTE)

    message = told_of(rollback(), FakeStage([shifted(), way_back], CALLS))

    assert "which has all traffic since 2026-03-02 09:58 UTC." in message.text
    # 3 minutes of the shift, and 23 until all had gone back
    assert "55 of 2330 calls of cars-api's version 7 failed in 26 min" in message.text


def test_rollback_of_an_account_that_cannot_be_read_claims_nothing() -> None:
    message = told_of(rollback(), FakeStage(refuses=refused("AccessDenied", "not authorized")))

    assert "What CodeDeploy has put back is not known (ClientError: " in message.text
    assert "Until then:\nWhat it did until then is not known (ClientError: " in message.text


@pytest.mark.parametrize("status", ["Stopped", "Failed"])
def test_rollback_of_which_a_shift_failed_has_not_put_back_that_one(status: str) -> None:
    error = {"code": "HOOK_EXECUTION_FAILURE", "message": "A hook failed."}
    way_back = (
        info("d-9", status, BEGAN, BEGAN + MINUTE, errorInformation=error),
        target("7", "8", traffic_from=BEGAN),
    )

    message = told_of(rollback("Failed"), FakeStage([shifted(), way_back], CALLS), state="FAILED")

    assert message.subject.startswith("ROLLBACK FAILED in Prod")
    assert f"NOT put back: cars-api from version 7 to 8, {status}. A hook failed." in message.text


def test_rollback_of_which_cloudformation_took_back_the_shift_has_put_nothing_back() -> None:
    failed = execution(*BUILT, (PROD, "Api.Deploy", "Failed"), kind="ROLLBACK")
    undone = (
        info("d-2", "Succeeded", BACK_AT, BACK_AT + MINUTE, creator="CloudFormationRollback"),
        target("7", "6", traffic_from=BACK_AT),
    )

    message = told(failed, FakeStage([shifted(), undone], CALLS))

    assert message.subject.startswith("ROLLBACK FAILED in Prod")
    assert "NOT put back: cars-api from version 6 to 7, for that was undone at 2026-03-02 09:37 UTC." in message.text


def test_rollback_that_shifted_nothing_says_so() -> None:
    message = told_of(rollback(), FakeStage())

    assert "No alias had to go back: CodeDeploy had put back, or never moved, what had failed." in message.text
