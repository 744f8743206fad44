"""The caller's wall-clock datetimes and the run's AWS seconds: translated at the edge of the API.

It must not know operations. Datetimes without a zone are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rehearsal.machine.clock import Clock


@dataclass(frozen=True)
class CallTime:
    """One call sees one offset, so that times in its parameters and answer fit together."""

    offset: float

    @classmethod
    def of(cls, clock: Clock) -> CallTime:
        return cls(clock.offset())

    def to_aws(self, moment: datetime) -> float:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() + self.offset

    def to_wall(self, aws: float) -> datetime:
        return datetime.fromtimestamp(aws - self.offset, UTC)
