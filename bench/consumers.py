"""The functions that are handed records. A unit is one line of CONSUMERS, with a maker of its event.

Its handler is service/<unit>/runtime/handler.py's `handle`; each of its settings has a value, whatever they are.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass

from bench.events import Event, recorded


@dataclass(frozen=True)
class Consumer:
    """`event` makes the event of a call with so many records, each of another car: "car-0", "car-1", …

    `batch_size` is how many a call has at most: as the infrastructure says, SNS hands over one at a time.
    """

    unit: str
    event: Callable[[int], Event]
    batch_size: int

    @property
    def handler(self) -> str:
        return f"service.{self.unit}.runtime.handler.handle"

    @property
    def code(self) -> tuple[str, str]:
        return (f"service/{self.unit}/runtime", "service/cars")


def changes(records: int) -> Event:
    """A DynamoDB stream's batch: changed cars, each with its old and its new image."""
    (changed,) = [record for record in recorded("dynamodb-stream")["Records"] if record["eventName"] == "MODIFY"]
    batch = []
    for number in range(records):
        record = copy.deepcopy(changed)
        record["eventID"] = f"{number:032x}"
        record["dynamodb"]["SequenceNumber"] = str(4421584500000000017450439091 + number)
        for attributes in ("Keys", "NewImage", "OldImage"):
            if attributes in record["dynamodb"]:
                record["dynamodb"][attributes]["car_id"] = {"S": f"car-{number}"}
        batch.append(record)
    return {"Records": batch}


def telemetry(records: int) -> Event:
    """A Kinesis stream's batch: reports of cars, all of which are to be written."""
    first = recorded("kinesis")["Records"][0]
    report = json.loads(base64.b64decode(first["kinesis"]["data"]))
    batch = []
    for number in range(records):
        record = copy.deepcopy(first)
        data = json.dumps({**report, "car_id": f"car-{number}"})
        record["kinesis"]["data"] = base64.b64encode(data.encode()).decode()
        record["kinesis"]["sequenceNumber"] = str(int(first["kinesis"]["sequenceNumber"]) + number)
        batch.append(record)
    return {"Records": batch}


def maintenance(records: int) -> Event:
    """A queue's batch: orders to start, each in a transaction."""
    first = recorded("sqs")["Records"][0]
    order = json.loads(first["body"])
    return {
        "Records": [
            {
                **first,
                "messageId": f"{first['messageId'][:-6]}{number:06}",
                "body": json.dumps({**order, "order_id": f"order-{number}", "car_id": f"car-{number}"}),
            }
            for number in range(records)
        ]
    }


def notifications(records: int) -> Event:
    """A topic's event: a car that was changed."""
    (first,) = recorded("sns")["Records"]
    batch = []
    for number in range(records):
        record = copy.deepcopy(first)
        message = json.loads(record["Sns"]["Message"])
        message["detail"]["car"]["car_id"] = f"car-{number}"
        record["Sns"]["Message"] = json.dumps(message)
        batch.append(record)
    return {"Records": batch}


def car_item(number: int) -> Event:
    """The car that record `number` tells of, as the table has it."""
    (changed,) = changes(1)["Records"]
    return {**changed["dynamodb"]["NewImage"], "car_id": {"S": f"car-{number}"}}


CONSUMERS = (
    Consumer("changes", changes, batch_size=100),
    Consumer("telemetry", telemetry, batch_size=100),
    Consumer("maintenance", maintenance, batch_size=10),
    Consumer("notifications", notifications, batch_size=1),
)
