from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.eventbridge.event_delivery import EventDelivery
from rehearsal.aws.eventbridge.rule_targets import MatchedEvent
from rehearsal.aws.iam.service_principal import Refused
from rehearsal.machine.clock import Clock
from tests.rehearsal.aws.lambda_host.local_aws import RecordingSink
from tests.rehearsal.aws.manual_time import eventually

RULE = "arn:aws:events:eu-west-1:222222222222:rule/cars/updated"
TOPIC = "arn:aws:sns:eu-west-1:222222222222:cars"
DEAD_LETTERS = "arn:aws:sqs:eu-west-1:222222222222:undelivered"
DIMENSIONS = {"RuleName": "updated", "EventBusName": "cars"}


def error(status: int) -> ClientError:
    answer: Any = {"Error": {"Code": "Busy", "Message": "later"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Publish")


class FakePrincipal:
    """Answers a publish with the next of the errors, and takes it when there are no more."""

    def __init__(self, *errors: Exception, takes_dead_letters: bool = True) -> None:
        self.errors = list(errors)
        self.attempts = 0
        self.published: list[str] = []
        self.dead_letters: list[tuple[str, str, dict[str, str]]] = []
        self._takes_dead_letters = takes_dead_letters

    def publish(self, topic_arn: str, message: str, *, source_arn: str, subject: str | None = None) -> None:
        assert (topic_arn, source_arn) == (TOPIC, RULE)
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        self.published.append(message)

    def send_message(
        self, queue_arn: str, body: str, *, source_arn: str, attributes: Mapping[str, Any] | None = None
    ) -> None:
        if not self._takes_dead_letters:
            raise Refused("NO_PERMISSIONS", "no")
        texts = {name: str(value["StringValue"]) for name, value in (attributes or {}).items()}
        self.dead_letters.append((queue_arn, body, texts))


class FakeBuses:
    """Takes what it is given."""

    def __init__(self) -> None:
        self.put_events: list[tuple[str, str, str, str]] = []

    def put(self, bus_arn: str, event: str, *, role_arn: str, source_arn: str) -> None:
        self.put_events.append((bus_arn, event, role_arn, source_arn))


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock(speed=2000)
    yield clock
    clock.close()


def deliver(clock: Clock, principal: FakePrincipal, *, retries: int = 185, age: float = 86400.0) -> RecordingSink:
    sink = RecordingSink()
    delivery = EventDelivery(clock, principal, sink, FakeBuses())  # type: ignore[arg-type]
    delivery.begin(MatchedEvent(RULE, TOPIC, DEAD_LETTERS, retries, age, '"event"', '"payload"'))
    ends = ("Invocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq")
    eventually(lambda: any(sink.sum(name, **DIMENSIONS) for name in ends))
    eventually(lambda: not clock.unfinished_work())
    return sink


def test_a_delivery_that_is_taken_is_the_only_one(clock: Clock) -> None:
    principal = FakePrincipal()

    sink = deliver(clock, principal)

    assert principal.published == ['"payload"']
    assert principal.dead_letters == []
    assert sink.sum("FailedInvocations", **DIMENSIONS) is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_target_that_is_busy_is_tried_again(clock: Clock, status: int) -> None:
    principal = FakePrincipal(error(status), error(status))

    sink = deliver(clock, principal)

    assert (principal.attempts, principal.published) == (3, ['"payload"'])
    assert sink.sum("InvocationAttempts", **DIMENSIONS) == 3


@pytest.mark.parametrize(
    ("refusal", "code"), [(Refused("NO_PERMISSIONS", "may not"), "NO_PERMISSIONS"), (error(400), "Busy")]
)
def test_a_target_that_refuses_is_not_tried_again_and_the_event_is_a_dead_letter(
    clock: Clock, refusal: Exception, code: str
) -> None:
    principal = FakePrincipal(refusal)

    sink = deliver(clock, principal)

    ((queue, body, attributes),) = principal.dead_letters
    assert (principal.attempts, queue, body) == (1, DEAD_LETTERS, '"event"')
    assert attributes == {
        "RULE_ARN": RULE,
        "TARGET_ARN": TOPIC,
        "ERROR_CODE": code,
        "ERROR_MESSAGE": str(refusal),
    }
    assert sink.sum("FailedInvocations", **DIMENSIONS) == 1


@pytest.mark.parametrize(
    ("limits", "attempts", "condition"),
    [({"retries": 2}, 3, "MaximumRetryAttempts"), ({"age": 0.5}, 1, "MaximumEventAgeInSeconds")],
)
def test_a_dead_letter_says_which_limit_was_reached(
    clock: Clock, limits: dict[str, Any], attempts: int, condition: str
) -> None:
    principal = FakePrincipal(*[error(503)] * 9)

    deliver(clock, principal, **limits)

    ((_, _, attributes),) = principal.dead_letters
    assert principal.attempts == attempts
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == condition
    assert attributes["RETRY_ATTEMPTS"] == str(attempts - 1)


def test_a_dead_letter_queue_that_refuses_shows_in_the_metrics(clock: Clock) -> None:
    principal = FakePrincipal(Refused("NO_RESOURCE", "gone"), takes_dead_letters=False)

    sink = deliver(clock, principal)

    assert sink.sum("InvocationsFailedToBeSentToDlq", **DIMENSIONS) == 1


@pytest.mark.parametrize(
    ("arn", "has_to_be_json"),
    [("arn:aws:lambda:eu-west-1:222222222222:function:cars", False), (TOPIC, True)],
)
def test_an_input_that_is_no_json_though_it_has_to_be_is_a_dead_letter(
    clock: Clock, arn: str, has_to_be_json: bool
) -> None:
    principal, sink = FakePrincipal(), RecordingSink()
    delivery = EventDelivery(clock, principal, sink, FakeBuses())  # type: ignore[arg-type]

    delivery.begin(MatchedEvent(RULE, arn, DEAD_LETTERS, 185, 86400.0, '"event"', '{"a": "b"c"}', has_to_be_json))

    eventually(lambda: bool(principal.dead_letters))
    ((_, body, attributes),) = principal.dead_letters
    assert (body, attributes["ERROR_CODE"]) == ('"event"', "INVALID_PARAMETER")
    assert '{"a": "b"c"}' in attributes["ERROR_MESSAGE"]
    assert sink.sum("FailedInvocations", **DIMENSIONS) == 1


def test_a_text_is_published_as_it_is(clock: Clock) -> None:
    principal, sink = FakePrincipal(), RecordingSink()
    delivery = EventDelivery(clock, principal, sink, FakeBuses())  # type: ignore[arg-type]

    delivery.begin(MatchedEvent(RULE, TOPIC, DEAD_LETTERS, 185, 86400.0, '"event"', "cars changed"))

    eventually(lambda: bool(principal.published))
    assert principal.published == ["cars changed"]


def test_a_bus_gets_the_event_with_the_targets_role(clock: Clock) -> None:
    buses, sink = FakeBuses(), RecordingSink()
    delivery = EventDelivery(clock, FakePrincipal(), sink, buses)  # type: ignore[arg-type]
    bus = "arn:aws:events:eu-west-1:111111111111:event-bus/hub"

    delivery.begin(MatchedEvent(RULE, bus, DEAD_LETTERS, 185, 86400.0, '{"a":1}', '{"a":1}', role_arn="role"))

    eventually(lambda: bool(sink.sum("Invocations", **DIMENSIONS)))
    assert buses.put_events == [(bus, '{"a":1}', "role", RULE)]
