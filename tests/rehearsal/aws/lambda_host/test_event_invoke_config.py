from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.lambda_host.event_invoke_config import Condition, EventInvokeConfig, Step

HOURS = 3600.0
QUEUE = "arn:aws:sqs:eu-west-1:222222222222:failed"


@pytest.mark.parametrize(
    ("config", "attempts", "is_error", "age", "step"),
    [
        ({}, 1, False, 1.0, Step(0.0, Condition.SUCCESS)),
        ({}, 1, True, 1.0, Step(60.0, None)),
        ({}, 2, True, 62.0, Step(120.0, None)),
        ({}, 3, False, 183.0, Step(0.0, Condition.SUCCESS)),
        ({}, 3, True, 183.0, Step(0.0, Condition.RETRIES_EXHAUSTED)),
        ({"retry_attempts": 0}, 1, True, 1.0, Step(0.0, Condition.RETRIES_EXHAUSTED)),
        ({"retry_attempts": 1}, 1, True, 1.0, Step(60.0, None)),
        ({"retry_attempts": 1}, 2, True, 62.0, Step(0.0, Condition.RETRIES_EXHAUSTED)),
        ({"maximum_age_seconds": 60.0}, 1, True, 2.0, Step(58.0, Condition.EVENT_AGE_EXCEEDED)),
        ({"maximum_age_seconds": 60.0}, 1, True, 60.0, Step(0.0, Condition.EVENT_AGE_EXCEEDED)),
        ({"maximum_age_seconds": 60.0}, 1, True, 900.0, Step(0.0, Condition.EVENT_AGE_EXCEEDED)),
        ({"maximum_age_seconds": 60.0}, 1, False, 900.0, Step(0.0, Condition.SUCCESS)),
        ({"maximum_age_seconds": 120.0}, 1, True, 1.0, Step(60.0, None)),
        ({"maximum_age_seconds": 120.0}, 2, True, 62.0, Step(58.0, Condition.EVENT_AGE_EXCEEDED)),
        ({}, 1, True, 6 * HOURS - 30, Step(30.0, Condition.EVENT_AGE_EXCEEDED)),
    ],
)
def test_what_comes_after_an_attempt(
    config: dict[str, Any], attempts: int, is_error: bool, age: float, step: Step
) -> None:
    assert EventInvokeConfig(**config).after_attempt(attempts, is_error=is_error, age_seconds=age) == step


@pytest.mark.parametrize(
    ("answer", "config"),
    [
        ({}, EventInvokeConfig(2, 21600.0)),
        ({"MaximumRetryAttempts": 0, "DestinationConfig": {}}, EventInvokeConfig(0, 21600.0)),
        (
            {"MaximumEventAgeInSeconds": 60, "DestinationConfig": {"OnFailure": {"Destination": QUEUE}}},
            EventInvokeConfig(2, 60.0, on_failure=QUEUE),
        ),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": QUEUE}, "OnFailure": {}}},
            EventInvokeConfig(2, 21600.0, on_success=QUEUE),
        ),
    ],
)
def test_settings_that_an_answer_leaves_out_are_lambdas_defaults(
    answer: dict[str, Any], config: EventInvokeConfig
) -> None:
    assert EventInvokeConfig.from_answer(answer) == config


def test_each_condition_has_its_destination() -> None:
    config = EventInvokeConfig(on_success="good", on_failure="bad")

    assert [config.destination(condition) for condition in Condition] == ["good", "bad", "bad"]
