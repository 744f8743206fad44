"""The event by which a release tries a new version of the function before it gets any.

It writes one notification of a car that never was. Its time is long past, and it expires by that time: the table's time
to live removes it again. The id is always the same, so that releases do not add up.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from service.cars.car import Car, CarStatus
from service.cars.events import SOURCE, CarEvent, CarEventType
from service.release.infrastructure import SampleEvent

_WHEN = datetime(2026, 1, 1, tzinfo=UTC)
_BEFORE = Car(car_id="release-sample", model="Sample 1", year=2026, created_at=_WHEN, updated_at=_WHEN)
_EVENT = CarEvent(
    event_id="release-sample",
    type=CarEventType.UPDATED,
    occurred_at=_WHEN,
    sequence="1".zfill(40),
    correlation_id="release-sample",
    car=_BEFORE.model_copy(update={"status": CarStatus.OUT_OF_SERVICE}),
    previous=_BEFORE,
)
_MESSAGE = {
    "version": "0",
    "id": "00000000-0000-4000-8000-000000000000",
    "detail-type": _EVENT.type.value,
    "source": SOURCE,
    "time": "2026-01-01T00:00:00Z",
    "resources": [_EVENT.car.car_id],
    "detail": _EVENT.detail(),
}

SAMPLE = SampleEvent(
    event={
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "Sns": {"Type": "Notification", "Message": json.dumps(_MESSAGE, separators=(",", ":"))},
            }
        ]
    },
    answer={"notifications": [f"2026-01-01T00:00:00.000+00:00#{_EVENT.sequence}#release-sample"]},
)
