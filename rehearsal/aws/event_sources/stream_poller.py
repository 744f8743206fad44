"""A stream's mapping at work: a poller for each shard; new shards are found, and read after their parents.

It must not read records. Source: "How Lambda processes records from stream and queue-based event sources".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.event_sources.execution_role import ExecutionRoles
from rehearsal.aws.event_sources.mapping import EventSourceMapping
from rehearsal.aws.event_sources.shard_poller import ShardPoller, ShardState
from rehearsal.aws.event_sources.stream_source import Position, Shard, StreamSource
from rehearsal.aws.event_sources.surroundings import Surroundings
from rehearsal.errors import RehearsalError

_NEW_SHARDS_SECONDS = 10.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamState:
    """Where a mapping's next poller goes on; without shards, at the mapping's starting position."""

    shards: Mapping[str, ShardState] = field(default_factory=dict)


class StreamPoller:
    """See the module."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        state: StreamState,
        roles: ExecutionRoles,
        source: StreamSource,
        surroundings: Surroundings,
    ) -> None:
        self._mapping = mapping
        self._state = state
        self._roles = roles
        self._around = surroundings
        self._source = source
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._pollers: dict[str, ShardPoller] = {}
        self._thread = threading.Thread(target=self._watch_shards, name="shards", daemon=True)

    def start(self) -> None:
        """Raises ClientError or AccessDenied, with nothing started, where the role may not read the stream."""
        states = self._state.shards or {shard.shard_id: self._first_state(shard) for shard in self._source.shards()}
        for state in states.values():
            self._start_poller(state)
        self._thread.start()

    def ring(self) -> None:
        with self._lock:
            pollers = list(self._pollers.values())
        for poller in pollers:
            poller.bell.ring()

    def stop(self) -> None:
        self._stop.set()
        with self._lock:
            for poller in self._pollers.values():
                poller.stop()

    def join(self, timeout: float | None = None) -> StreamState:
        if self._thread.is_alive():
            self._thread.join(timeout)
        return StreamState({shard_id: poller.join(timeout) for shard_id, poller in self._pollers.items()})

    def _first_state(self, shard: Shard) -> ShardState:
        """The iterator is asked for at once: what is written after the mapping was made is read, from LATEST on too."""
        position = Position(self._mapping.starting_position, self._mapping.starting_timestamp)
        return ShardState(shard.shard_id, position, self._source.iterator(shard.shard_id, position))

    def _start_poller(self, state: ShardState) -> None:
        with self._lock:
            if self._stop.is_set():
                return
            poller = ShardPoller(self._mapping, self._source, state, self._roles, self._around)
            self._pollers[state.shard_id] = poller
            poller.start()

    def _watch_shards(self) -> None:
        while not self._stop.wait(_NEW_SHARDS_SECONDS):
            try:
                shards = self._source.shards()
            except (RehearsalError, ClientError, BotoCoreError) as exc:
                log.warning("The shards of %s cannot be listed: %s", self._mapping.source_arn, exc)
                continue
            for shard in shards:
                parents = [self._pollers[parent] for parent in shard.parents if parent in self._pollers]
                if shard.shard_id not in self._pollers and all(parent.is_drained for parent in parents):
                    self._start_poller(ShardState(shard.shard_id, Position()))
