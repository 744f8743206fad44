"""A subscriber of the bus that is told of the tests' own cars: what it hears, and nothing behind it.

Of a car that nobody asks about it must not judge anything: what an earlier version has sent may still be in the queue,
and what a bad one did is no failure of the tests of the version that it was rolled back to.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import boto3

SUBSCRIBED_PREFIX = "e2e-events-"
"""How the ids of the cars begin that it is told of: it would have to take in everything else that the tests do."""


class Subscriber:
    """`queue_name` gets the events as the bus has them; `hear` takes each that comes of a car that is asked about."""

    def __init__(self, session: boto3.Session, *, queue_name: str, hear: Callable[[dict[str, Any]], None]) -> None:
        self._sqs = session.client("sqs")
        self._queue_url = self._sqs.get_queue_url(QueueName=queue_name)["QueueUrl"]
        self._hear = hear
        self._unheard: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._events: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)

    def events_of(self, car_id: str) -> list[dict[str, Any]]:
        """All that came so far, in the order of the changes; one that comes twice, as it may, is there once."""
        while self._take():
            pass
        for event in self._unheard.pop(car_id, []):
            self._hear(event)
            self._events[car_id][event["detail"]["event_id"]] = event
        return sorted(self._events[car_id].values(), key=lambda event: event["detail"]["sequence"])

    def _take(self) -> bool:
        messages = self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            event = json.loads(message["Body"])
            self._unheard[event["detail"]["car"]["car_id"]].append(event)
            self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        return bool(messages)
