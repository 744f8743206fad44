"""Cars that report where they are, and planners that order maintenance: what they send, and nothing behind it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

import boto3
from botocore.credentials import Credentials


class Fleet:
    """`stream_name` takes position reports, `queue_name` maintenance orders; both accept and answer nothing more."""

    def __init__(self, *, region: str, credentials: Credentials, stream_name: str, queue_name: str) -> None:
        session = boto3.Session(
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
            region_name=region,
        )
        self._kinesis = session.client("kinesis")
        self._sqs = session.client("sqs")
        self._stream_name = stream_name
        self._queue_url = self._sqs.get_queue_url(QueueName=queue_name)["QueueUrl"]

    def report(
        self, car_id: str, measured_at: datetime, *, latitude: float, longitude: float, nb_passengers: int = 0
    ) -> None:
        """A position report: degrees, and `measured_at` with its zone."""
        report = {
            "car_id": car_id,
            "measured_at": measured_at.isoformat(),
            "latitude": latitude,
            "longitude": longitude,
            "nb_passengers": nb_passengers,
        }
        # Records of one partition key keep their order.
        self._kinesis.put_record(StreamName=self._stream_name, PartitionKey=car_id, Data=json.dumps(report).encode())

    def order(self, order_id: str, car_id: str, action: Literal["start", "finish"]) -> None:
        order = {"order_id": order_id, "car_id": car_id, "action": action}
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(order))
