"""What becomes of a batch of stream records after an attempt: done, tried again, halved, or given up. Pure logic.

It must not invoke, wait or send. Sources: "Using Lambda to process records from Kinesis Data Streams", "Retain
discarded batch records", "Configuring partial batch response": the lowest failing sequence number is the checkpoint;
splitting a batch does not count towards the retry quota; what cannot be read as an answer fails the whole batch.

Where AWS's pages are silent: halves are tried one after the other, the older first; a partial failure whose checkpoint
is the batch's first record halves the batch; retries are counted on when the checkpoint moves and nothing is bisected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

from rehearsal.aws.event_sources.mapping import UNLIMITED

LARGEST_PAYLOAD_BYTES = 6 * 1024 * 1024 - 64 * 1024  # Lambda's limit, less what surrounds the records


class Condition(StrEnum):
    """Why records were given up, in AWS's words."""

    RETRY_ATTEMPTS_EXHAUSTED = "RetryAttemptsExhausted"
    RECORD_AGE_EXCEEDED = "RecordAgeExceeded"


@dataclass(frozen=True)
class StreamRecord:
    """`key` is what order is kept by, `arrived_at` wall-clock time, `event` the record as Lambda hands it over."""

    sequence_number: str
    key: str
    arrived_at: float
    event: Mapping[str, Any] = field(hash=False)
    size_bytes: int = 0


@dataclass(frozen=True)
class Batch:
    """`retries` counts towards the quota, `invocations` all attempts that reached the function."""

    records: tuple[StreamRecord, ...]
    retries: int = 0
    invocations: int = 0


@dataclass(frozen=True)
class RetryRules:
    maximum_retry_attempts: int = UNLIMITED
    bisects: bool = False


@dataclass(frozen=True)
class Next:
    """`again` is tried in this order before anything newer; `waits` says that it comes only after a pause."""

    again: tuple[Batch, ...] = ()
    waits: bool = False
    given_up: Batch | None = None


DONE = Next()


def first_failure(batch: Batch, payload: bytes) -> int | None:
    """The index of the first record that the function reported as failed; None when all succeeded.

    An answer that cannot be read, an empty or unknown identifier: the whole batch failed, index 0.
    """
    failures = reported_failures(payload)
    if failures is None:
        return 0
    positions = {record.sequence_number: index for index, record in enumerate(batch.records)}
    return min((positions.get(identifier, 0) for identifier in failures), default=None)


def reported_failures(payload: bytes) -> Sequence[str] | None:
    """The identifiers of an answer's batchItemFailures; None when one of them, or the answer, cannot be read.

    No answer, no list, and an empty list mean that nothing failed.
    """
    try:
        answer = json.loads(payload) if payload else None
    except ValueError:
        return None
    if not answer:
        return ()
    if not isinstance(answer, dict):
        return None
    failures = answer.get("batchItemFailures") or ()
    if not isinstance(failures, list | tuple):
        return None
    identifiers = [entry.get("itemIdentifier") if isinstance(entry, dict) else None for entry in failures]
    return [str(name) for name in identifiers] if all(isinstance(name, str) and name for name in identifiers) else None


def after_failure(batch: Batch, index: int, rules: RetryRules) -> Next:
    """`index` is the checkpoint: that record failed, those before it are done. The attempt is already counted."""
    rest = Batch(batch.records[index:], batch.retries, batch.invocations)
    if rules.bisects and index > 0:
        return Next((rest,))
    if rules.bisects and len(rest.records) > 1:
        return Next(_halves(rest))
    if rules.maximum_retry_attempts != UNLIMITED and rest.retries >= rules.maximum_retry_attempts:
        return Next(given_up=rest)
    return Next((Batch(rest.records, rest.retries + 1, rest.invocations),), waits=True)


def split_expired(batch: Batch, is_expired: Callable[[StreamRecord], bool]) -> tuple[Batch | None, Batch | None]:
    """The records at the batch's start that are too old, and the rest."""
    count = next((index for index, record in enumerate(batch.records) if not is_expired(record)), len(batch.records))
    old, rest = batch.records[:count], batch.records[count:]
    return (
        Batch(old, batch.retries, batch.invocations) if old else None,
        Batch(rest, batch.retries, batch.invocations) if rest else None,
    )


def how_many_fit(records: Collection[StreamRecord], batch_size: int) -> int:
    """How many of the first records make one batch: at most `batch_size`, at most Lambda's payload, at least one."""
    total = 0
    for count, record in enumerate(islice(records, batch_size)):
        total += record.size_bytes
        if count and total > LARGEST_PAYLOAD_BYTES:
            return count
    return min(len(records), batch_size)


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    middle = (len(batch.records) + 1) // 2
    first, second = batch.records[:middle], batch.records[middle:]
    return Batch(first, batch.retries, batch.invocations), Batch(second, batch.retries, batch.invocations)
