"""The subscriber of the end-to-end tests judges the events of the cars that it is asked about, and no others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integ.subscriber import Subscriber


class FakeQueue:
    """A session whose one queue has these events; what is not deleted is received again."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.left = {str(number): json.dumps(event) for number, event in enumerate(events)}

    def client(self, name: str) -> FakeQueue:
        assert name == "sqs"
        return self

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:
        return {"QueueUrl": QueueName}

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int) -> dict[str, Any]:
        if not self.left:
            return {}
        return {"Messages": [{"ReceiptHandle": handle, "Body": body} for handle, body in self.left.items()]}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:
        del self.left[ReceiptHandle]


def event(car_id: str, sequence: int, kind: str = "promised") -> dict[str, Any]:
    detail = {"car": {"car_id": car_id}, "event_id": f"{car_id}-{sequence}", "sequence": sequence}
    return {"detail-type": kind, "detail": detail}


def hear(told: dict[str, Any]) -> None:
    assert told["detail-type"] == "promised"


def subscriber(queue: FakeQueue) -> Subscriber:
    session: Any = queue
    return Subscriber(session, queue_name="events", hear=hear)


def test_events_of_a_car_are_there_once_and_in_their_order() -> None:
    queue = FakeQueue(event("own", 2), event("own", 1), event("own", 2), event("other", 1))

    heard = subscriber(queue).events_of("own")

    assert heard == [event("own", 1), event("own", 2)]
    assert queue.left == {}


def test_what_a_version_before_has_sent_fails_nobody_elses_tests() -> None:
    bad = {"detail-type": "renamed", "detail": {"car": {"car_id": "of-the-version-before"}}}

    assert subscriber(FakeQueue(bad, event("own", 1))).events_of("own") == [event("own", 1)]


def test_event_of_ones_own_that_is_not_as_promised_fails() -> None:
    with pytest.raises(AssertionError):
        subscriber(FakeQueue(event("own", 1, kind="renamed"))).events_of("own")
