"""Reads one shard, page after page, and hands each record to the lane of its key.

It asks again at once when a page was full, when the bell rings (somebody wrote to the source), and every second.
It must not invoke functions. Source: "Polling and batching streams".
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.event_sources.batch import StreamRecord
from rehearsal.aws.event_sources.bell import Bell
from rehearsal.aws.event_sources.execution_role import ExecutionRoles
from rehearsal.aws.event_sources.lane import Lane
from rehearsal.aws.event_sources.mapping import EventSourceMapping
from rehearsal.aws.event_sources.stream_source import Page, Position, StreamSource
from rehearsal.aws.event_sources.surroundings import Surroundings
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Work

IDLE_SECONDS = 1.0
_AFTER_ERROR_SECONDS = 1.0
_FULL_LANES_SECONDS = 0.05
_LARGE_PAGE_BYTES = 512 * 1024  # DynamoDB ends a page at 1 MB
_EXPIRED = "ExpiredIteratorException"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardState:
    """Where another poller goes on: with `unprocessed`, then with what comes after `position`.

    `iterator` is None where it has to be asked for.
    """

    shard_id: str
    position: Position
    iterator: str | None = None
    unprocessed: Sequence[StreamRecord] = ()


class ShardPoller:
    """See the module."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        source: StreamSource,
        state: ShardState,
        roles: ExecutionRoles,
        surroundings: Surroundings,
    ) -> None:
        self.shard_id = state.shard_id
        self.bell = Bell(surroundings.clock, f"poll of {state.shard_id} for {mapping.function.name}")
        self._source = source
        self._name = f"{mapping.source_arn} ({state.shard_id})"
        self._position = state.position
        self._iterator = state.iterator
        factor = mapping.parallelization_factor
        self._limit = min(mapping.batch_size * factor, source.largest_page)
        self._lanes = [Lane(mapping, state.shard_id, roles, surroundings) for _ in range(factor)]
        self._distribute(state.unprocessed)
        self._stop = threading.Event()
        self._has_read_all = False
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name=f"poll of {state.shard_id}", daemon=True)

    def start(self) -> None:
        for lane in self._lanes:
            lane.start()
        self._thread.start()

    @property
    def is_drained(self) -> bool:
        """Nothing was left to read, and what was read is dealt with."""
        return self._has_read_all and all(lane.is_idle for lane in self._lanes)

    def stop(self) -> None:
        self._stop.set()
        self.bell.close()
        for lane in self._lanes:
            lane.stop()

    def join(self, timeout: float | None = None) -> ShardState:
        """Waits until nothing runs any more, and tells where to go on."""
        self._thread.join(timeout)
        left = [record for lane in self._lanes for record in lane.join(timeout)]
        left.sort(key=lambda record: int(record.sequence_number))
        return ShardState(self.shard_id, self._position, self._iterator, left)

    def _run(self) -> None:
        work: Work | None = None
        while not self._stop.is_set():
            if not all(lane.has_room for lane in self._lanes):
                _done(work)
                work = self.bell.wait(_FULL_LANES_SECONDS)
                continue
            page = self._read()
            if page is not None:
                self._distribute(page.records)
                self._has_read_all = not page.records
                if page.next_iterator is None:  # the shard was closed, and this was its end
                    break
                if len(page.records) == self._limit or _size(page) > _LARGE_PAGE_BYTES:
                    continue
            _done(work)
            work = self.bell.wait(_AFTER_ERROR_SECONDS if page is None else IDLE_SECONDS)
        _done(work)
        self.bell.close()

    def _read(self) -> Page | None:
        """None where the stream could not be read: that is logged, once for each reason, and tried again."""
        try:
            if self._iterator is None:
                self._iterator = self._source.iterator(self.shard_id, self._position)
            page = self._source.read(self.shard_id, self._iterator, self._limit)
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            self._iterator = None
            if not (isinstance(exc, ClientError) and exc.response.get("Error", {}).get("Code") == _EXPIRED):
                self._tell(str(exc))
            return None
        self._problem = ""
        self._iterator = page.next_iterator
        if page.records:
            self._position = Position(after=page.records[-1].sequence_number)
        return page

    def _tell(self, problem: str) -> None:
        if problem != self._problem:
            log.warning("%s cannot be read: %s", self._name, problem)
        self._problem = problem

    def _distribute(self, records: Sequence[StreamRecord]) -> None:
        chosen: dict[int, list[StreamRecord]] = defaultdict(list)
        for record in records:
            chosen[zlib.crc32(record.key.encode()) % len(self._lanes)].append(record)
        for index, of_lane in chosen.items():
            self._lanes[index].put(of_lane)


def _done(work: Work | None) -> None:
    if work is not None:
        work.done()


def _size(page: Page) -> int:
    return sum(record.size_bytes for record in page.records)
