"""What cars and planners send into the service beside its API: position reports and maintenance orders.

It must not raise for what AWS answers: that is what the prober is there to count.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sqs import SQSClient


class Senders:
    """Each method returns None when what was sent was accepted, else why not."""

    def __init__(self, kinesis: KinesisClient, sqs: SQSClient, *, stream_name: str, queue_url: str) -> None:
        self._kinesis = kinesis
        self._sqs = sqs
        self._stream_name = stream_name
        self._queue_url = queue_url

    def report(self, car_id: str) -> str | None:
        """A position report, as a car sends it to the stream of `telemetry`."""
        report = {
            "car_id": car_id,
            "measured_at": datetime.now(UTC).isoformat(),
            "latitude": 52.5,
            "longitude": 13.4,
            "nb_passengers": 1,
        }
        return _refusal(
            "PutRecord",
            lambda: self._kinesis.put_record(
                StreamName=self._stream_name, PartitionKey=car_id, Data=json.dumps(report).encode()
            ),
        )

    def order(self, order_id: str, car_id: str, action: Literal["start", "finish"]) -> str | None:
        """An order, as a planner sends it to the queue of `maintenance`."""
        order = {"order_id": order_id, "car_id": car_id, "action": action}
        return _refusal(
            "SendMessage", lambda: self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(order))
        )


def _refusal(what: str, send: Callable[[], object]) -> str | None:
    try:
        send()
    except ClientError as error:
        return f"{what} was refused: {error.response.get('Error', {}).get('Code', 'unknown')}"
    except BotoCoreError as error:
        return f"{what} failed: {type(error).__name__}"
    return None
