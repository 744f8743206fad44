"""What the prober sends beside its requests: accepted, or counted with a reason."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from service.prober.runtime.events import Senders

REFUSED = ClientError({"Error": {"Code": "AccessDeniedException"}}, "any")


class FakeAws:
    """PutRecord of Kinesis and SendMessage of SQS."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self._failure = failure

    def put_record(self, **request: Any) -> None:
        self._send(request)

    def send_message(self, **request: Any) -> None:
        self._send(request)

    def _send(self, request: dict[str, Any]) -> None:
        if self._failure:
            raise self._failure
        self.sent.append(request)


def senders(aws: Any) -> Senders:
    return Senders(aws, aws, stream_name="telemetry", queue_url="https://queue")


def test_report_is_one_that_a_car_would_send() -> None:
    aws = FakeAws()

    assert senders(aws).report("probe-1") is None

    (sent,) = aws.sent
    assert (sent["StreamName"], sent["PartitionKey"]) == ("telemetry", "probe-1")
    report = json.loads(sent["Data"])
    assert report["car_id"] == "probe-1"
    assert datetime.fromisoformat(report["measured_at"]).tzinfo is not None


def test_order_is_one_that_a_planner_would_send() -> None:
    aws = FakeAws()

    assert senders(aws).order("order-1", "probe-1", "start") is None

    (sent,) = aws.sent
    assert sent["QueueUrl"] == "https://queue"
    assert json.loads(sent["MessageBody"]) == {"order_id": "order-1", "car_id": "probe-1", "action": "start"}


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (REFUSED, "was refused: AccessDeniedException"),
        (ConnectTimeoutError(endpoint_url="https://x"), "failed: ConnectTimeoutError"),
    ],
)
def test_what_is_not_accepted_is_told_and_not_raised(failure: Exception, told: str) -> None:
    aws = FakeAws(failure)

    assert senders(aws).report("probe-1") == f"PutRecord {told}"
    assert senders(aws).order("order-1", "probe-1", "finish") == f"SendMessage {told}"
