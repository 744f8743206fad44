"""What becomes of a batch: tables of attempts."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.aws.event_sources.batch import (
    DONE,
    LARGEST_PAYLOAD_BYTES,
    Batch,
    Next,
    RetryRules,
    StreamRecord,
    after_failure,
    first_failure,
    how_many_fit,
    reported_failures,
    split_expired,
)

BISECTING = RetryRules(2, bisects=True)
WHOLE = RetryRules(2)
FOR_EVER = RetryRules()


def record(number: int, *, arrived_at: float = 0.0, size_bytes: int = 1) -> StreamRecord:
    return StreamRecord(str(number), "key", arrived_at, {}, size_bytes)


def batch(*numbers: int, retries: int = 0, invocations: int = 1) -> Batch:
    return Batch(tuple(record(number) for number in numbers), retries, invocations)


@pytest.mark.parametrize(
    ("tried", "index", "rules", "then"),
    [
        # nothing is bisected: a retry, until the quota is used up
        (batch(1, 2), 0, WHOLE, Next((batch(1, 2, retries=1),), waits=True)),
        (batch(1, 2, retries=2), 0, WHOLE, Next(given_up=batch(1, 2, retries=2))),
        (batch(1, 2, retries=99), 0, FOR_EVER, Next((batch(1, 2, retries=100),), waits=True)),
        (batch(1, 2), 0, RetryRules(0), Next(given_up=batch(1, 2))),
        # a checkpoint: what came before it is done
        (batch(1, 2, 3), 1, WHOLE, Next((batch(2, 3, retries=1),), waits=True)),
        (batch(1, 2, 3, retries=2), 1, WHOLE, Next(given_up=batch(2, 3, retries=2))),
        # bisecting: halves, at once, and without using up the quota
        (batch(1, 2, 3), 0, BISECTING, Next((batch(1, 2), batch(3)))),
        (batch(1, 2, retries=2), 0, BISECTING, Next((batch(1, retries=2), batch(2, retries=2)))),
        (batch(1), 0, BISECTING, Next((batch(1, retries=1),), waits=True)),
        (batch(1, retries=2), 0, BISECTING, Next(given_up=batch(1, retries=2))),
        # both: split at the checkpoint, and in halves where the first record is the checkpoint
        (batch(1, 2, 3), 2, BISECTING, Next((batch(3),))),
        (batch(1, 2, 3, 4), 0, BISECTING, Next((batch(1, 2), batch(3, 4)))),
    ],
)
def test_after_failure(tried: Batch, index: int, rules: RetryRules, then: Next) -> None:
    assert after_failure(tried, index, rules) == then


@pytest.mark.parametrize(
    "payload",
    ["", "null", "{}", '{"batchItemFailures": []}', '{"batchItemFailures": null}', '{"other": 1}', '""'],
)
def test_an_empty_answer_is_success(payload: str) -> None:
    assert first_failure(batch(1, 2), payload.encode()) is None


@pytest.mark.parametrize(
    ("payload", "index"),
    [
        ('{"batchItemFailures": [{"itemIdentifier": "2"}]}', 1),
        (
            '{"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}]}',
            1,
        ),  # the lowest is the checkpoint
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', 0),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', 0),
        ('{"batchItemFailures": [{"itemidentifier": "2"}]}', 0),
        ('{"batchItemFailures": [{"itemIdentifier": "99"}]}', 0),
        ('{"batchItemFailures": ["2"]}', 0),
        ('{"batchItemFailures": "2"}', 0),
        ('"words"', 0),
        ("{", 0),
    ],
)
def test_first_failure_is_the_lowest_number_or_the_whole_batch(payload: str, index: int) -> None:
    assert first_failure(batch(1, 2, 3), payload.encode()) == index


def test_reported_failures_names_what_failed_and_nothing_where_one_name_is_bad() -> None:
    assert reported_failures(b'{"batchItemFailures": [{"itemIdentifier": "a"}]}') == ["a"]
    assert reported_failures(b'{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": ""}]}') is None


def test_split_expired_takes_the_old_records_from_the_start() -> None:
    tried = Batch(tuple(record(number, arrived_at=number) for number in (1, 2, 3)), 1, 2)

    old, rest = split_expired(tried, lambda found: found.arrived_at < 3)

    assert (old, rest) == (Batch(tried.records[:2], 1, 2), Batch(tried.records[2:], 1, 2))
    assert split_expired(tried, lambda found: True) == (tried, None)
    assert split_expired(tried, lambda found: False) == (None, tried)


def test_how_many_fit_stops_at_the_batch_size_and_at_lambdas_payload() -> None:
    large = [record(number, size_bytes=LARGEST_PAYLOAD_BYTES // 2) for number in range(5)]

    assert how_many_fit([record(number) for number in range(5)], 3) == 3
    assert how_many_fit([record(1)], 3) == 1
    assert how_many_fit(large, 5) == 2
    assert how_many_fit([record(1, size_bytes=2 * LARGEST_PAYLOAD_BYTES), record(2)], 5) == 1


@given(
    poison=st.lists(st.booleans(), min_size=1, max_size=24),
    bisects=st.booleans(),
    reports=st.booleans(),
    retries=st.integers(0, 3),
)
def test_every_record_is_done_once_in_order_or_given_up(
    poison: list[bool], bisects: bool, reports: bool, retries: int
) -> None:
    rules = RetryRules(retries, bisects)
    pending = deque([batch(*range(len(poison)), invocations=0)])
    done: list[int] = []
    given_up: list[int] = []
    while pending:
        tried = pending.popleft()
        failures = [found.sequence_number for found in tried.records if poison[int(found.sequence_number)]]
        index = outcome(tried, failures, reports=reports)
        done += numbers(tried.records[: len(tried.records) if index is None else index])
        then = DONE if index is None else after_failure(tried, index, rules)
        pending.extendleft(reversed(then.again))
        given_up += numbers(then.given_up.records if then.given_up else ())

    assert sorted(done + given_up) == list(range(len(poison)))
    assert done == sorted(done)
    assert all(not poison[number] for number in done)
    if bisects:
        assert all(poison[number] for number in given_up)


def outcome(tried: Batch, failures: Sequence[str], *, reports: bool) -> int | None:
    if not reports:
        return 0 if failures else None
    answer = {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failures]}
    return first_failure(tried, json.dumps(answer).encode())


def numbers(records: Sequence[StreamRecord]) -> list[int]:
    return [int(found.sequence_number) for found in records]
