"""Cars that report where they are, and planners that order maintenance: what they send, and nothing behind it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

import boto3


class Fleet:
    """`stream_name` takes position reports, `queue_name` maintenance orders; both accept and answer nothing more."""

    def __init__(self, session: boto3.Session, *, stream_name: str, queue_name: str) -> None:
        self._kinesis = session.client("kinesis")
        self._sqs = session.client("sqs")
        self._stream_name = stream_name
        self._queue_url = self._sqs.get_queue_url(QueueName=queue_name)["QueueUrl"]

    def report(
        self,
        car_id: str,
        measured_at: datetime,
        *,
        latitude: float,
        longitude: float,
        nb_passengers: int = 0,
        behind: str | None = None,
    ) -> None:
        """A position report: degrees, and `measured_at` with its zone. It is read behind all reports so far of the car,
        or of the car with the id `behind`."""
        report = {
            "car_id": car_id,
            "measured_at": measured_at.isoformat(),
            "latitude": latitude,
            "longitude": longitude,
            "nb_passengers": nb_passengers,
        }
        # Records of one partition key keep their order.
        data = json.dumps(report).encode()
        self._kinesis.put_record(StreamName=self._stream_name, PartitionKey=behind or car_id, Data=data)

    def order(self, order_id: str, car_id: str, action: Literal["start", "finish"]) -> None:
        order = {"order_id": order_id, "car_id": car_id, "action": action}
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(order))
