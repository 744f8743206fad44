"""One lane of a shard: takes records in order, makes batches of them, and does not go on before each is dealt with.

A shard has as many lanes as its parallelization factor, and a record's key chooses its lane, so that order is kept for
each key. A lane that retries holds up itself only. It must not read streams, nor know how a batch is halved (batch.py).

While a lane invokes, the AWS minute does not end; while it pauses between attempts, minutes end up to the one in which
it tries again: a record that waits has its age in each.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.event_sources.batch import (
    Batch,
    Condition,
    RetryRules,
    StreamRecord,
    after_failure,
    first_failure,
    how_many_fit,
    split_expired,
)
from rehearsal.aws.event_sources.bell import pause_until, wall_seconds
from rehearsal.aws.event_sources.execution_role import ExecutionRoles
from rehearsal.aws.event_sources.failure_record import failure_record
from rehearsal.aws.event_sources.mapping import UNLIMITED, EventSourceMapping
from rehearsal.aws.event_sources.surroundings import Surroundings
from rehearsal.aws.lambda_host.function import InvocationResult
from rehearsal.aws.lambda_host.metrics import dimension_sets
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Work

LARGEST_BACKLOG = 10_000
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0  # less than a minute: a record that waits is seen in its IteratorAge each minute
log = logging.getLogger(__name__)


class Lane:
    """See the module. Pauses are AWS seconds, doubled from attempt to attempt."""

    def __init__(
        self, mapping: EventSourceMapping, shard_id: str, roles: ExecutionRoles, surroundings: Surroundings
    ) -> None:
        self._mapping = mapping
        self._shard_id = shard_id
        self._roles = roles
        self._around = surroundings
        self._rules = RetryRules(mapping.maximum_retry_attempts, mapping.bisects)
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._queue: deque[StreamRecord] = deque()
        self._pending: deque[Batch] = deque()
        self._work: Work | None = None
        self._is_pausing = False
        self._is_busy = False
        self._last_result: InvocationResult | None = None
        self._thread = threading.Thread(target=self._run, name=f"lane of {mapping.function.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, records: Sequence[StreamRecord]) -> None:
        with self._changed:
            self._queue.extend(records)
            if records and not self._is_pausing:
                self._begin_work()
            self._changed.notify_all()

    @property
    def has_room(self) -> bool:
        return len(self._queue) < LARGEST_BACKLOG

    @property
    def is_idle(self) -> bool:
        with self._changed:
            return not self._queue and not self._is_busy

    def stop(self) -> None:
        """What runs is not interrupted; nothing new begins."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()

    def join(self, timeout: float | None = None) -> list[StreamRecord]:
        """Waits for the end, and gives what is left, in order."""
        self._thread.join(timeout)
        return [record for batch in self._pending for record in batch.records] + list(self._queue)

    def _run(self) -> None:
        try:
            while (batch := self._take()) is not None:
                self._pending.append(batch)
                self._process()
        finally:
            with self._changed:
                self._is_pausing = True
                self._end_work()

    def _take(self) -> Batch | None:
        """Waits for a batch; None when the lane is stopped."""
        with self._changed:
            self._is_busy = False
            while not self._queue and not self._stop.is_set():
                self._end_work()
                self._changed.wait()
            self._wait_for_more()
            if self._stop.is_set():
                return None
            self._is_busy = True
            self._begin_work()
            count = how_many_fit(self._queue, self._mapping.batch_size)
            return Batch(tuple(self._queue.popleft() for _ in range(count)))

    def _wait_for_more(self) -> None:
        """The batching window: AWS seconds from the first record on."""
        until = self._around.clock.now() + self._mapping.batching_window_seconds
        self._is_pausing = True
        while len(self._queue) < self._mapping.batch_size and not self._stop.is_set():
            left = until - self._around.clock.now()
            if left <= 0:
                break
            self._end_work()
            self._changed.wait(wall_seconds(self._around.clock, left))
        self._is_pausing = False

    def _process(self) -> None:
        """Deals with all that the taken batch becomes."""
        self._last_result = None
        pause_seconds = FIRST_PAUSE_SECONDS
        while self._pending and not self._stop.is_set():
            expired, batch = split_expired(self._pending[0], self._is_too_old)
            if expired is not None:
                self._give_up(expired, Condition.RECORD_AGE_EXCEEDED)
            self._pending.popleft()
            if batch is None:
                continue
            self._pending.appendleft(batch)
            if self._attempt(batch):
                self._pause(pause_seconds)
                pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            else:
                pause_seconds = FIRST_PAUSE_SECONDS

    def _attempt(self, batch: Batch) -> bool:
        """Invokes the function with the first pending batch, and puts in its place what is to be tried again.

        True where that has to wait a while.
        """
        clock = self._around.clock
        started_at = clock.now()
        age_seconds = max(0.0, started_at - clock.when(batch.records[-1].arrived_at))
        try:
            event = {"Records": [record.event for record in batch.records]}
            result = self._around.functions.invoke(str(self._mapping.function), event)
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            log.warning("%s could not be invoked with records of %s: %s", self._mapping.function, self._shard_id, exc)
            return True  # the function was not reached: that does not count as an attempt
        self._last_result = result
        self._record_age(result, age_seconds, at=started_at)
        batch = Batch(batch.records, batch.retries, batch.invocations + 1)
        failed = self._failed_index(batch, result)
        self._pending.popleft()
        if failed is None:
            return False
        then = after_failure(batch, failed, self._rules)
        self._pending.extendleft(reversed(then.again))
        if then.given_up is not None:
            self._give_up(then.given_up, Condition.RETRY_ATTEMPTS_EXHAUSTED)
        return then.waits

    def _failed_index(self, batch: Batch, result: InvocationResult) -> int | None:
        if result.function_error is not None:
            return 0
        return first_failure(batch, result.payload) if self._mapping.reports_failures else None

    def _is_too_old(self, record: StreamRecord) -> bool:
        limit = self._mapping.maximum_record_age_seconds
        clock = self._around.clock
        return limit != UNLIMITED and clock.now() - clock.when(record.arrived_at) > limit

    def _pause(self, seconds: float) -> None:
        until = self._around.clock.now() + seconds
        with self._changed:
            self._is_pausing = True
            self._end_work()
            self._begin_work(due=until)
        pause_until(self._around.clock, until, stop=self._stop)
        with self._changed:
            self._is_pausing = False

    def _give_up(self, batch: Batch, condition: Condition) -> None:
        destination = self._mapping.destination_arn
        if destination is None:
            log.warning("%s: %s records of %s were dropped: %s", self._mapping.function, len(batch.records),
                        self._shard_id, condition.value)  # fmt: skip
            return
        record = failure_record(
            self._mapping,
            batch,
            condition,
            shard_id=self._shard_id,
            last_result=self._last_result,
            wall=self._around.wall(),
        )
        try:
            self._around.send(destination, record, session=self._roles.of(self._mapping.function).session)
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            log.warning("%s: what was given up could not be sent to %s: %s", self._mapping.function, destination, exc)
            self._put_metric("DestinationDeliveryFailures", 1.0, "Count", self._last_result, self._around.clock.now())

    def _record_age(self, result: InvocationResult, seconds: float, *, at: float) -> None:
        self._put_metric("IteratorAge", seconds * 1000, "Milliseconds", result, at)

    def _put_metric(self, name: str, value: float, unit: str, result: InvocationResult | None, at: float) -> None:
        function = self._mapping.function
        version = result.version if result else "$LATEST"
        for dimensions in dimension_sets(function, version):
            self._around.metrics.put_metric(
                function.account, function.region, "AWS/Lambda", name, dimensions, value, unit=unit, at=at
            )

    def _begin_work(self, *, due: float | None = None) -> None:
        if self._work is None:
            name = f"{self._shard_id} → {self._mapping.function.name}"
            self._work = self._around.clock.begin_work(name, due=due)

    def _end_work(self) -> None:
        if self._work is not None:
            self._work.done()
            self._work = None
