"""What an execution did in a stage, in numbers: its traffic shifts, who called which version, and what put it back.

Out: `StageImpact`. What cannot be read is said in it and fails nothing: a message is not lost for want of a number. It
must not put anything into words, nor change anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.executions.execution import Execution
from pipeline.shifts.reader import NOT_READ, Connect, StageClients, read_shifts
from pipeline.shifts.shift import Shift, put_back_at, released
from pipeline.shifts.traffic import Traffic, read_traffic


@dataclass(frozen=True, kw_only=True)
class Measured:
    """`put_back_at` is when the version before had all traffic again, None where it has not. No traffic is None.

    Also a shift that succeeded is put back: by CloudFormation, where something else in its stack failed behind it.
    """

    shift: Shift
    put_back_at: datetime | None
    traffic: Traffic | None


@dataclass(frozen=True, kw_only=True)
class StageImpact:
    """`shifts` are those of the release, not those that put it back. `problem` is why they are not known, "" if not."""

    stage: str
    shifts: Sequence[Measured] = ()
    problem: str = ""


def impact_of(
    connect: Connect, execution: Execution, stage: str, *, now: datetime, ends: Mapping[str, datetime] | None = None
) -> StageImpact:
    """`ends` say, by function, when a version whose shift succeeded lost its traffic again; else it has it still."""
    try:
        clients = connect()
        shifts = read_shifts(clients, execution, stage)
        measured = [_measure(clients, shift, shifts, now, ends or {}) for shift in released(shifts)]
    except NOT_READ as error:
        return StageImpact(stage=stage, problem=f"{type(error).__name__}: {error}")
    return StageImpact(stage=stage, shifts=measured)


def _measure(
    clients: StageClients, shift: Shift, shifts: Sequence[Shift], now: datetime, ends: Mapping[str, datetime]
) -> Measured:
    back = put_back_at(shift, shifts) if shift.is_over else None
    if shift.has_failed or shift.ended_at is None:
        shared_until = until = back or now
    else:
        shared_until, until = shift.ended_at, back or ends.get(shift.function, now)
    traffic = read_traffic(clients.cloudwatch, shift, shared_until=shared_until, until=until, now=now)
    return Measured(shift=shift, put_back_at=back, traffic=traffic)
