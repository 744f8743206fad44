"""The record by which a release tries a new version of the function before it gets any.

Its event is really sent, or the trial would not show that the version may send one. It tells of a new synthetic car, as
those of the API's own trial and of the prober do: who subscribes to real cars drops them all by the event's
`synthetic`, and notifications are not made of new cars at all. The event's id is always the same.
"""

from __future__ import annotations

from datetime import UTC, datetime

from service.cars.car import Car
from service.cars.repository import to_item
from service.release.infrastructure import SampleEvent

_WHEN = datetime(2026, 1, 1, tzinfo=UTC)
_CAR = Car(car_id="release-sample", model="Sample 1", year=2026, created_at=_WHEN, updated_at=_WHEN)

SAMPLE = SampleEvent(
    event={
        "Records": [
            {
                "eventID": "release-sample",
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "dynamodb": {
                    "ApproximateCreationDateTime": int(_WHEN.timestamp()),
                    "Keys": {"car_id": {"S": _CAR.car_id}},
                    "NewImage": {**to_item(_CAR), "correlation_id": {"S": "release-sample"}},
                    "SequenceNumber": "1",
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            }
        ]
    },
    answer={"batchItemFailures": []},
)
