"""The functions that are handed batches of records. A unit is one line of CONSUMERS, with a maker of its event.

Its handler is service/<unit>/runtime/handler.py's `handle`; each of its settings has a value, whatever they are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from bench.events import Event, recorded


@dataclass(frozen=True)
class Consumer:
    """`event` makes the event of a batch with so many records, each of another car."""

    unit: str
    event: Callable[[int], Event]

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


CONSUMERS = (Consumer("changes", changes),)
