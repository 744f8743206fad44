"""Cars as the stories say and see them: what callers have to say of one, and every field that they are told."""

from __future__ import annotations

NEW_CAR = {"model": "Test", "year": 2026}

CAR_FIELDS = {
    "car_id",
    "model",
    "year",
    "status",
    "latitude",
    "longitude",
    "nb_passengers",
    "bike_rack",
    "created_at",
    "updated_at",
    "position_at",
}
