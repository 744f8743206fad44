"""CloudWatch: takes metrics, and at each AWS minute's boundary decides the state of every alarm.

Everything is on the run's clock: times are AWS seconds since the epoch. Alarms change state only; who carries out their
actions (alarm_actions.py) is told. It must not know CloudFormation, HTTP or who asks.

An alarm is evaluated on the minutes that ended: a period of five minutes is the last five minutes, at every minute
("Alarm evaluation"). Composite alarms follow their children at once.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.aws.cloudwatch import alarm_reason
from rehearsal.aws.cloudwatch.alarm import (
    Alarm,
    CompositeAlarm,
    MetricAlarm,
    actions_enabled,
    parse_composite_alarm,
    parse_metric_alarm,
)
from rehearsal.aws.cloudwatch.alarm_book import AlarmBook, AlarmStatus, HistoryItem, evaluated
from rehearsal.aws.cloudwatch.alarm_evaluation import (
    AlarmState,
    Verdict,
    evaluate_data_points,
    evaluation_range,
)
from rehearsal.aws.cloudwatch.alarm_rule import children, holds
from rehearsal.aws.cloudwatch.emf import parse_emf
from rehearsal.aws.cloudwatch.metric_math.values import TimeSeries
from rehearsal.aws.cloudwatch.metric_query import evaluate, samples
from rehearsal.aws.cloudwatch.metric_store import MetricStore, Window, metric_id
from rehearsal.machine.clock import Clock
from rehearsal.run_events import AlarmChanged, AlarmEvaluated, EventLog

EVALUATION_ORDER = 0
"""The place of the evaluation among what runs at an AWS minute's boundary: first."""


AlarmKey = tuple[str, str, str]
"""Account, region, name."""


@dataclass(frozen=True)
class _Transition:
    """An alarm whose state has become another one."""

    status: AlarmStatus
    old_state: AlarmState


class CloudWatch:
    """Safe to use from several threads. Events are emitted after the state is kept, outside of the lock.

    `on_transition` gets an alarm that has changed its state, and the old state; it must not block.
    """

    def __init__(
        self, clock: Clock, event_log: EventLog, on_transition: Callable[[AlarmStatus, AlarmState], None] | None = None
    ) -> None:
        self.clock = clock
        self.metrics = MetricStore()
        self._event_log = event_log
        self._on_transition = on_transition
        self._watched: Callable[[], Iterable[AlarmKey]] = tuple
        self._newest: dict[AlarmKey, float | None] = {}
        self._book = AlarmBook()
        self._lock = threading.RLock()
        clock.every_minute(self.evaluate, name="CloudWatch alarms", order=EVALUATION_ORDER)

    def put_metric(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        *,
        unit: str | None = None,
        at: float | None = None,
    ) -> None:
        """Records one sample, now or at an AWS time."""
        metric = metric_id(account, region, namespace, name, dimensions)
        self.metrics.put(metric, value, at=self.clock.now() if at is None else at, unit=unit)

    def put_emf(self, account: str, region: str, line: str | Mapping[str, Any]) -> int:
        """Records the metrics of a log line in the embedded metric format; tells how many samples it had.

        The line's timestamp is wall-clock time, as the function that wrote it sees it.
        """
        count = 0
        for found in parse_emf(line):
            metric = metric_id(account, region, found.namespace, found.name, found.dimensions)
            at = self.clock.now() if found.timestamp is None else self.clock.to_aws(found.timestamp)
            for value in found.values:
                self.metrics.put(metric, value, at=at, unit=found.unit)
                count += 1
        return count

    def put_metric_alarm(self, account: str, region: str, properties: Mapping[str, Any]) -> AlarmStatus:
        """`properties` as in PutMetricAlarm. Raises CloudWatchRejection."""
        return self._put(account, region, parse_metric_alarm(properties, account=account, region=region))

    def put_composite_alarm(self, account: str, region: str, properties: Mapping[str, Any]) -> AlarmStatus:
        """`properties` as in PutCompositeAlarm. Raises CloudWatchRejection."""
        return self._put(account, region, parse_composite_alarm(properties))

    def delete_alarm(self, account: str, region: str, name: str) -> None:
        """Raises AlarmNotFound, and InvalidParameter while a composite alarm refers to it."""
        with self._lock:
            self._book.delete(account, region, name, at=self.clock.now())

    def alarm(self, account: str, region: str, name: str) -> AlarmStatus:
        """Raises AlarmNotFound."""
        with self._lock:
            return self._book.get(account, region, name)

    def alarm_state(self, account: str, region: str, name: str) -> AlarmState:
        """Raises AlarmNotFound."""
        return self.alarm(account, region, name).state

    def alarms(self, account: str, region: str) -> list[AlarmStatus]:
        """By name."""
        with self._lock:
            return self._book.find(account, region)

    def history(self, account: str, region: str, name: str | None = None) -> list[HistoryItem]:
        """Oldest first; of one alarm, or of all."""
        with self._lock:
            return [item for item in self._book.history(account, region) if name in (None, item.status.name)]

    def set_alarm_state(
        self, account: str, region: str, name: str, state: AlarmState, reason: str, reason_data: str = ""
    ) -> None:
        """Lasts until the next evaluation. Raises AlarmNotFound."""
        with self._lock:
            changed = self._set_state(self._book.get(account, region, name), state, reason, reason_data)
            changed += self._follow_children(at=self.clock.now())
        self._emit(changed)

    def enable_actions(self, account: str, region: str, name: str, *, is_enabled: bool) -> None:
        """Raises AlarmNotFound."""
        with self._lock:
            old = self._book.get(account, region, name)
            self._book.replace(replace(old, actions_enabled=is_enabled), old=old, at=self.clock.now())

    def evaluate(self, at: float) -> None:
        """Decides every alarm's state from the minutes before the AWS time `at`."""
        with self._lock:
            changed: list[_Transition] = []
            for status, alarm in self._book.metric_alarms():
                changed += self._evaluate_metric_alarm(status, alarm, end=int(at // 60) * 60)
            changed += self._follow_children(at=at)
        self._emit(changed)
        for event in self._evaluations():
            self._event_log.emit(event)

    def tell_evaluations_of(self, watched: Callable[[], Iterable[AlarmKey]]) -> None:
        """From now on each evaluation of these alarms, and of what composite ones among them are made of, is told."""
        self._watched = watched

    def _evaluations(self) -> list[AlarmEvaluated]:
        watched = list(self._watched())
        with self._lock:
            return [evaluated(status, self._newest.get(key)) for key, status in self._book.with_children(watched)]

    def _put(self, account: str, region: str, alarm: Alarm) -> AlarmStatus:
        with self._lock:
            at = self.clock.now()
            self._book.put(account, region, alarm, at=at, actions_enabled=actions_enabled(alarm))
            changed = self._follow_children(at=at)
            status = self._book.get(account, region, alarm.name)
        self._emit(changed)
        return status

    def _evaluate_metric_alarm(self, status: AlarmStatus, alarm: MetricAlarm, *, end: int) -> list[_Transition]:
        count = evaluation_range(alarm.evaluation_periods)
        start = end - count * alarm.period_seconds
        if alarm.ignores_low_samples and self._has_low_samples(alarm, end):
            return []
        values = evaluate(alarm.queries, self.metrics, start=start, period_seconds=alarm.period_seconds, count=count)
        (series,) = values.values()
        points = series.points if isinstance(series, TimeSeries) else ()
        self._newest[status.account, status.region, status.name] = points[-1] if points else None
        verdict = evaluate_data_points(
            [None if point is None else alarm.breaches(point) for point in points],
            evaluation_periods=alarm.evaluation_periods,
            datapoints_to_alarm=alarm.datapoints_to_alarm,
            treat_missing_data=alarm.treat_missing_data,
        )
        if verdict.state is None:
            return []
        timestamps = [start + index * alarm.period_seconds for index in range(count)]
        reason = alarm_reason.reason(alarm, verdict.state, verdict, points, timestamps)
        return self._set_state(status, verdict.state, reason, _reason_data(alarm, verdict, points))

    def _has_low_samples(self, alarm: MetricAlarm, end: int) -> bool:
        """Whether a percentile that is watched has too few samples in the evaluation periods to be significant."""
        length = alarm.evaluation_periods * alarm.period_seconds
        return any(
            samples(stat, self.metrics, Window(end - length, length, 1))[0].count < stat.statistic.needed_samples()
            for stat in alarm.metric_stats()
        )

    def _follow_children(self, *, at: float) -> list[_Transition]:
        """Decides every composite alarm, children first. Alarms in a circle are not evaluated, as on AWS."""
        changed: list[_Transition] = []
        waiting = {(s.account, s.region, s.name): (s, alarm) for s, alarm in self._book.composite_alarms()}
        while waiting:
            ready = [key for key, (_, alarm) in waiting.items() if not self._waits(key, alarm, set(waiting))]
            if not ready:
                break
            for key in ready:
                changed += self._evaluate_composite_alarm(*waiting.pop(key))
        return changed

    def _waits(self, key: tuple[str, str, str], alarm: CompositeAlarm, waiting: set[tuple[str, str, str]]) -> bool:
        return any((key[0], key[1], child) in waiting for child in children(alarm.rule))

    def _evaluate_composite_alarm(self, status: AlarmStatus, alarm: CompositeAlarm) -> list[_Transition]:
        def state_of(name: str) -> AlarmState:
            return self._book.get(status.account, status.region, name).state

        state = AlarmState.ALARM if holds(alarm.rule, state_of) else AlarmState.OK
        states = ", ".join(f"{name} is {state_of(name)}" for name in children(alarm.rule))
        reason = f"The alarm rule is {'true' if state is AlarmState.ALARM else 'false'}: {states or 'a constant'}."
        return self._set_state(status, state, reason, "") if state is not status.state else []

    def _set_state(self, old: AlarmStatus, state: AlarmState, reason: str, reason_data: str) -> list[_Transition]:
        now = self.clock.now()
        is_other = state is not old.state
        status = replace(
            old,
            state=state,
            reason=reason,
            reason_data=reason_data,
            updated_at=now if is_other or reason != old.reason else old.updated_at,
            transitioned_at=now if is_other else old.transitioned_at,
        )
        self._book.replace(status, old=old, at=now)
        if not is_other:
            return []
        return [_Transition(status, old.state)]

    def _emit(self, transitions: Iterable[_Transition]) -> None:
        for transition in transitions:
            status = transition.status
            self._event_log.emit(
                AlarmChanged(
                    account=status.account,
                    alarm=status.name,
                    old_state=transition.old_state.value,
                    new_state=status.state.value,
                    reason=status.reason,
                )
            )
            if self._on_transition is not None:
                self._on_transition(status, transition.old_state)


def _reason_data(alarm: MetricAlarm, verdict: Verdict, points: tuple[float | None, ...]) -> str:
    return json.dumps(
        {
            "version": "1.0",
            "period": alarm.period_seconds,
            "recentDatapoints": [points[index] for index in verdict.evaluated],
            "threshold": alarm.threshold,
        }
    )
