from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.resource import ResourceRequest, ResourceUnsupported
from rehearsal.aws.scheduler.scheduler import Scheduler
from rehearsal.machine.clock import Clock
from tests.rehearsal.aws.lambda_host.local_aws import RecordingSink, eventually

ACCOUNT, REGION = "222222222222", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/scheduler"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
DEAD_LETTERS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass
class FakeAws:
    """Sessions and clients at once: IAM with one role, and SQS, whose `queue` fails with each of `statuses` first."""

    trust: dict[str, Any] = field(default_factory=lambda: TRUST)
    statuses: list[int] = field(default_factory=list)
    sent: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def meta(self) -> Any:
        return type("Meta", (), {"endpoint_url": "http://local"})

    def root(self, account: str, region: str) -> Any:
        return self

    def assume(self, role_arn: str, *, session_name: str, region: str) -> Any:
        assert role_arn == ROLE
        return self

    def client(self, service: str, **_: str) -> FakeAws:
        return self

    def get_role(self, **_: str) -> Any:
        return {"Role": {"AssumeRolePolicyDocument": self.trust}}

    def send_message(self, *, QueueUrl: str, MessageBody: str, **more: Any) -> None:
        name = QueueUrl.rpartition("/")[2]
        if name == "queue" and self.statuses:
            status = self.statuses.pop(0)
            answer: Any = {"Error": {"Code": f"E{status}"}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(answer, "SendMessage")
        attributes = {key: value["StringValue"] for key, value in more.get("MessageAttributes", {}).items()}
        self.sent.append((name, MessageBody, attributes))


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock(1000)
    yield clock
    clock.close()


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


@pytest.fixture
def scheduler(clock: Clock, aws: FakeAws, sink: RecordingSink) -> Scheduler:
    return Scheduler(clock, aws, sink)


def request(**changes: Any) -> ResourceRequest:
    target = {
        "Arn": QUEUE,
        "RoleArn": ROLE,
        "Input": "wake up",
        "DeadLetterConfig": {"Arn": DEAD_LETTERS},
        "RetryPolicy": {"MaximumRetryAttempts": "1"},
    }
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="Cars",
        stack_id="arn",
        logical_id="Nightly",
        resource_type="AWS::Scheduler::Schedule",
        properties={"ScheduleExpression": "rate(1 minute)", "Name": "nightly", "Target": target, **changes},
    )


def next_minute(clock: Clock) -> float:
    return (clock.now() // 60 + 1) * 60


def test_schedule_that_is_due_calls_its_target_and_counts(
    scheduler: Scheduler, clock: Clock, aws: FakeAws, sink: RecordingSink
) -> None:
    result = scheduler.create(request())

    scheduler.run_due(next_minute(clock))

    eventually(lambda: aws.sent == [("queue", "wake up", {})])
    assert result.attributes["Arn"] == f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/nightly"
    assert sink.sum("InvocationAttemptCount", ScheduleGroup="default") == 1


def test_attempt_that_meets_a_server_error_is_made_again(scheduler: Scheduler, clock: Clock, aws: FakeAws) -> None:
    aws.statuses = [500]
    scheduler.create(request())

    scheduler.run_due(next_minute(clock))

    eventually(lambda: aws.sent == [("queue", "wake up", {})])


@pytest.mark.parametrize(
    ("statuses", "condition", "retries"), [([500, 500], "MaximumRetryAttempts", "1"), ([403], None, "0")]
)
def test_what_is_given_up_goes_to_the_dead_letter_queue(
    scheduler: Scheduler, clock: Clock, aws: FakeAws, statuses: list[int], condition: str | None, retries: str
) -> None:
    aws.statuses = statuses
    scheduler.create(request())

    scheduler.run_due(next_minute(clock))

    ((name, body, attributes),) = eventually(lambda: aws.sent)
    assert (name, body) == ("dead", "wake up")
    assert attributes.get("EXHAUSTED_RETRY_CONDITION") == condition
    assert attributes["RETRY_ATTEMPTS"] == retries


def test_role_that_does_not_trust_the_scheduler_is_not_taken(
    scheduler: Scheduler, clock: Clock, aws: FakeAws, sink: RecordingSink
) -> None:
    aws.trust = json.loads(json.dumps(TRUST).replace("scheduler", "lambda"))
    scheduler.create(request())

    scheduler.run_due(next_minute(clock))

    eventually(lambda: sink.sum("InvocationDroppedCount", ScheduleGroup="default") == 1)
    assert aws.sent == []


def test_schedule_that_is_disabled_or_deleted_does_not_run(
    scheduler: Scheduler, clock: Clock, aws: FakeAws, sink: RecordingSink
) -> None:
    scheduler.create(request(Name="off", State="DISABLED"))
    gone = scheduler.create(request())
    scheduler.delete(replace(request(), physical_id=gone.physical_id))

    scheduler.run_due(next_minute(clock))

    assert sink.sum("InvocationAttemptCount", ScheduleGroup="default") is None


def test_schedule_that_is_not_rehearsed_fails_the_resource_by_name(scheduler: Scheduler) -> None:
    with pytest.raises(ResourceUnsupported, match=r"Nightly: Colour is not rehearsed"):
        scheduler.create(request(Colour="red"))
