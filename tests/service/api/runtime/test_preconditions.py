"""Tags: every car has one that leads back to it, and no text of a caller can do harm."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from service.api.runtime import preconditions
from service.api.runtime.errors import InvalidRequest
from service.cars.car import Car

TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
RECENT = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def car(updated_at: datetime, position_at: datetime | None) -> Car:
    return Car(car_id="a", model="A", year=2024, created_at=updated_at, updated_at=updated_at, position_at=position_at)


@given(updated_at=RECENT, position_at=st.none() | TIMES)
def test_tag_leads_back_to_the_time_of_the_change(updated_at: datetime, position_at: datetime | None) -> None:
    tag = preconditions.etag(car(updated_at, position_at))

    assert preconditions.seen(tag) == [updated_at]
    assert preconditions.is_known(tag, tag)


@given(times=st.lists(st.tuples(RECENT, st.none() | TIMES), min_size=2, max_size=2, unique=True))
def test_cars_that_differ_have_tags_that_differ(times: list[tuple[datetime, datetime | None]]) -> None:
    first, second = (preconditions.etag(car(*each)) for each in times)

    assert first != second
    assert not preconditions.is_known(first, second)


@given(header=st.text() | st.from_regex(r'(W/)?"[0-9a-f]{0,20}\.?-?[0-9a-f]*"(, *"[!#-~]*")*', fullmatch=True))
def test_any_text_is_tags_or_refused(header: str) -> None:
    try:
        seen = preconditions.seen(header)
        preconditions.is_known('"a.0"', header)
    except InvalidRequest:
        return
    assert seen is None or all(moment.tzinfo is UTC for moment in seen)
