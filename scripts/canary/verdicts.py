"""What a unit's gates make of many releases: the alarms' expressions are computed by the local CloudWatch, the evidence
by the hook's own rule.

It must not know how the counts came about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rehearsal.aws.cloudwatch.metric_math.functions import Context
from rehearsal.aws.cloudwatch.metric_math.interpreter import Interpreter
from rehearsal.aws.cloudwatch.metric_math.values import TimeSeries
from scripts.canary.gates import Alarm, Measured, Series, Unit
from scripts.canary.releases import MINUTES_BEFORE, Fault, Releases, draw
from service.release.runtime.chance import Counts

LAG_MINUTES = 1
"""Until CloudWatch shows a minute, and CodeDeploy has seen the alarm."""

_NEVER = 10**6
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Odds:
    """Of many releases: the share that was stopped, how many minutes that took, and the calls that were harmed.

    Minutes and calls are means; minutes are of those that an alarm stopped, None where none was.
    """

    stopped: float
    minutes: float | None
    harmed: float


_KNOWN: dict[tuple[str, float, Fault, int, int], Odds] = {}


def odds(unit: Unit, *, per_minute: float, fault: Fault, releases: int, seed: int = 1) -> Odds:
    """What the unit's gates do with releases of such a fault, at so many calls a minute; the same is drawn once."""
    asked = (unit.rule, per_minute, fault, releases, seed)
    if asked not in _KNOWN:
        _KNOWN[asked] = judge(draw(unit, per_minute=per_minute, fault=fault, releases=releases, seed=seed))
    return _KNOWN[asked]


def judge(seen: Releases) -> Odds:
    """An alarm stops the shift, the evidence what has got through it. What nothing stops, people take back by hand."""
    fired = np.zeros((len(seen.harmed), len(seen.unit.shares)), dtype=bool)
    for alarm in seen.unit.alarms:
        fired |= _firing(alarm, seen)
    return _odds(seen, fired, has_evidence=True)


def judge_nervously(seen: Releases) -> Odds:
    """What the most nervous of alarms does: one error of the new version within a minute, and nothing else."""
    return _odds(seen, _during_shift(seen.harmed, seen) >= 1, has_evidence=False)


def _odds(seen: Releases, fired: Flags, *, has_evidence: bool) -> Odds:
    minutes = len(seen.unit.shares)
    in_time = fired[:, : minutes - LAG_MINUTES]
    stop = np.where(in_time.any(axis=1), in_time.argmax(axis=1) + 1 + LAG_MINUTES, _NEVER)
    by_alarm = stop <= minutes
    if has_evidence:
        stop = np.where(~by_alarm & _refused(seen), minutes + LAG_MINUTES, stop)
    served = np.arange(seen.harmed.shape[1]) - MINUTES_BEFORE < stop[:, None]
    return Odds(
        stopped=float((stop < _NEVER).mean()),
        minutes=float(stop[by_alarm].mean()) if by_alarm.any() else None,
        harmed=float((seen.harmed * served).sum(axis=1).mean()),
    )


def _during_shift(counts: npt.NDArray[np.int64], seen: Releases) -> npt.NDArray[np.int64]:
    return counts[:, MINUTES_BEFORE : MINUTES_BEFORE + len(seen.unit.shares)]


def _firing(alarm: Alarm, seen: Releases) -> Flags:
    """Whether it would be in ALARM at the end of each minute of the shift: its window slides by the minute."""
    definition = alarm.definition
    period = definition.period_seconds // 60
    earlier = period * (definition.evaluation_periods - 1)
    columns = slice(MINUTES_BEFORE - earlier, MINUTES_BEFORE + len(seen.unit.shares))
    sums = {id_: seen.sums(series, period)[:, columns] for id_, series in alarm.reads.items()}
    breaching = _breaching(alarm, sums)
    windows = [
        breaching[:, earlier - period * back : breaching.shape[1] - period * back]
        for back in range(definition.evaluation_periods)
    ]
    firing: Flags = np.sum(windows, axis=0) >= definition.datapoints_to_alarm
    return firing


def _breaching(alarm: Alarm, sums: Mapping[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """1 for each point of `sums` at which the alarm's expression breaches, else 0.

    All releases stand behind one another in one series, so what an expression says of a point must not depend on
    others, and each combination of counts is computed once.
    """
    definition = alarm.definition
    shape = next(iter(sums.values())).shape
    counts = np.stack([found.ravel() for found in sums.values()])
    # One number for each combination sorts many times as fast as rows do.
    _, first, place = np.unique(_numbers(counts), return_index=True, return_inverse=True)
    metrics = {
        id_: TimeSeries(tuple(found.astype(float).tolist()), id_)
        for id_, found in zip(sums, counts[:, first], strict=True)
    }
    (returned,) = (query for query in definition.queries if query.returns_data)
    expressions = {query.id: query.expression for query in definition.queries if query.expression is not None}
    context = Context(tuple(range(len(first))), definition.period_seconds, metrics)
    values = Interpreter(context, expressions).result(returned.id)
    assert isinstance(values, TimeSeries)
    points = [value is not None and definition.breaches(value) for value in values.points]
    found: npt.NDArray[np.int64] = np.array(points, dtype=np.int64)[place].reshape(shape)
    return found


def _numbers(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """A number for each column, the same for equal ones alone."""
    numbers = np.zeros(counts.shape[1], dtype=np.int64)
    for row in counts:
        # Again small after each row: products of counts of a busy unit would not fit.
        numbers = np.unique(numbers * (int(row.max()) + 1) + row, return_inverse=True)[1]
    return numbers


def _refused(seen: Releases) -> Flags:
    """What the hook after the shift says: of all calls together, then of each route by itself."""
    unit = seen.unit
    refused = [
        one.new_calls < unit.minimum_calls or unit.evidence.beyond(one) > 0 for one in _evidence(seen.counts, seen)
    ]
    if unit.evidence_of_a_route is not None:
        rule = unit.evidence_of_a_route
        for counts in seen.by_route.values():
            beyond = [rule.beyond(one) > 0 for one in _evidence(counts, seen)]
            refused = [any(verdicts) for verdicts in zip(refused, beyond, strict=True)]
    return np.array(refused)


def _evidence(counts: Mapping[Series, npt.NDArray[np.int64]], seen: Releases) -> list[Counts]:
    """What CloudWatch shows of each release when its shift has ended: all but the last of its minutes."""
    totals = [
        _during_shift(counts[Series(measured, is_new)], seen)[:, :-LAG_MINUTES].sum(axis=1).astype(float).tolist()
        for measured in (Measured.CALLS, Measured.ERRORS)
        for is_new in (True, False)
    ]
    return [
        Counts(new_calls=new_calls, all_calls=all_calls, new_errors=new_errors, all_errors=all_errors)
        for new_calls, all_calls, new_errors, all_errors in zip(*totals, strict=True)
    ]
