from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.scheduler.target import Occasion, parse_target, payload
from rehearsal.errors import Unsupported

ROLE = "arn:aws:iam::222222222222:role/scheduler"
QUEUE = "arn:aws:sqs:eu-west-1:222222222222:queue"
SCHEDULE = "arn:aws:scheduler:eu-west-1:222222222222:schedule/default/nightly"
OCCASION = Occasion(schedule_arn=SCHEDULE, scheduled_at=1_800_000_000.0, execution_id="e-1")


def test_input_has_its_context_attributes_filled_in() -> None:
    names = {"s": "schedule-arn", "t": "scheduled-time", "n": "attempt-number"}
    text = json.dumps({key: f"<aws.scheduler.{name}>" for key, name in names.items()})
    target = parse_target({"Arn": QUEUE, "RoleArn": ROLE, "Input": text})

    assert json.loads(payload(target, OCCASION, 2)) == {"s": SCHEDULE, "t": "2027-01-15T08:00:00Z", "n": "2"}


def test_target_without_an_input_gets_the_default_notification() -> None:
    notification = json.loads(payload(parse_target({"Arn": QUEUE, "RoleArn": ROLE}), OCCASION, 1))

    assert notification["source"] == "aws.scheduler"
    assert (notification["time"], notification["resources"]) == ("2027-01-15T08:00:00Z", [SCHEDULE])


def test_retry_policy_and_queue_are_read_as_cloudformation_hands_them_over() -> None:
    target = parse_target(
        {
            "Arn": QUEUE,
            "RoleArn": ROLE,
            "RetryPolicy": {"MaximumRetryAttempts": "3", "MaximumEventAgeInSeconds": "120"},
            "DeadLetterConfig": {"Arn": "arn:dead"},
        }
    )

    assert (target.retry_attempts, target.maximum_age_seconds, target.dead_letter_arn) == (3, 120.0, "arn:dead")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"EcsParameters": {}}, "Target.EcsParameters"),
        ({"Arn": "arn:aws:ecs:eu-west-1:222222222222:cluster/c"}, "is not rehearsed; targets of events"),
        ({"Arn": "arn:aws:events:eu-west-1:222222222222:event-bus/b"}, "needs Target.EventBridgeParameters"),
        ({"Arn": "arn:aws:lambda:eu-west-1:222222222222:function:f", "Input": "text"}, "is no JSON"),
        ({"RoleArn": ""}, "needs an Arn and a RoleArn"),
    ],
)
def test_target_that_is_not_rehearsed_is_refused_by_name(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises((ValueError, Unsupported), match=reason):
        parse_target({"Arn": QUEUE, "RoleArn": ROLE, **changes})


def test_target_that_only_the_deployment_knows_is_not_looked_into() -> None:
    assert parse_target({"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "RoleArn": {"Ref": "Role"}}).retry_attempts == 185
