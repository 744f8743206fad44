"""The alarms of all accounts and regions, their states and their history.

It must not evaluate alarms, nor know the clock: who changes something says when. Not safe for several threads by
itself; CloudWatch holds the lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rehearsal.aws.cloudwatch.alarm import Alarm, CompositeAlarm, MetricAlarm
from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.alarm_reason import INITIAL_REASON
from rehearsal.aws.cloudwatch.alarm_rule import children
from rehearsal.aws.cloudwatch.errors import AlarmNotFound, InvalidParameter
from rehearsal.run_events import AlarmEvaluated

_KEPT_HISTORY_ITEMS = 1000


@dataclass(frozen=True)
class AlarmStatus:
    """An alarm as it is now. Times are AWS seconds since the epoch: `updated_at` when the state or its reason was last
    set, `transitioned_at` when the state last became another one, `configured_at` when the definition was put."""

    account: str
    region: str
    alarm: Alarm
    state: AlarmState
    reason: str
    reason_data: str
    updated_at: float
    transitioned_at: float
    configured_at: float
    actions_enabled: bool

    @property
    def name(self) -> str:
        return self.alarm.name

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{self.alarm.name}"

    @property
    def is_composite(self) -> bool:
        return isinstance(self.alarm, CompositeAlarm)


@dataclass(frozen=True)
class HistoryItem:
    """`kind` is StateUpdate or ConfigurationUpdate; the states are None for the latter."""

    at: float
    status: AlarmStatus
    kind: str
    summary: str
    old_state: AlarmState | None = None


def evaluated(status: AlarmStatus, value: float | None) -> AlarmEvaluated:
    """What is told of an evaluation; `value` is the newest data point."""
    alarm = status.alarm if isinstance(status.alarm, MetricAlarm) else None
    return AlarmEvaluated(
        account=status.account,
        alarm=status.name,
        value=value,
        threshold=alarm.threshold if alarm else None,
        comparison=alarm.comparison if alarm else "",
        state=status.state.value,
    )


@dataclass
class AlarmBook:
    _statuses: dict[tuple[str, str], dict[str, AlarmStatus]] = field(default_factory=dict)
    _history: deque[HistoryItem] = field(default_factory=lambda: deque(maxlen=_KEPT_HISTORY_ITEMS))

    def get(self, account: str, region: str, name: str) -> AlarmStatus:
        """Raises AlarmNotFound."""
        try:
            return self._statuses[account, region][name]
        except KeyError:
            raise AlarmNotFound(account, region, name) from None

    def find(self, account: str, region: str) -> list[AlarmStatus]:
        return [status for _, status in sorted(self._statuses.get((account, region), {}).items())]

    def metric_alarms(self) -> Iterator[tuple[AlarmStatus, MetricAlarm]]:
        for status in self._everywhere():
            if isinstance(status.alarm, MetricAlarm):
                yield status, status.alarm

    def composite_alarms(self) -> Iterator[tuple[AlarmStatus, CompositeAlarm]]:
        for status in self._everywhere():
            if isinstance(status.alarm, CompositeAlarm):
                yield status, status.alarm

    def history(self, account: str, region: str) -> list[HistoryItem]:
        """Oldest first."""
        return [item for item in self._history if (item.status.account, item.status.region) == (account, region)]

    def put(self, account: str, region: str, alarm: Alarm, *, at: float, actions_enabled: bool) -> AlarmStatus:
        """A new alarm has INSUFFICIENT_DATA; one that is updated keeps its state."""
        if isinstance(alarm, CompositeAlarm):
            self._refuse_missing_children(account, region, alarm)
        alarms = self._statuses.setdefault((account, region), {})
        old = alarms.get(alarm.name)
        if old is not None and type(old.alarm) is not type(alarm):
            raise InvalidParameter(f"The alarm {alarm.name} exists and is of the other kind (metric, composite).")
        status = AlarmStatus(
            account=account,
            region=region,
            alarm=alarm,
            state=old.state if old else AlarmState.INSUFFICIENT_DATA,
            reason=old.reason if old else INITIAL_REASON,
            reason_data=old.reason_data if old else "",
            updated_at=old.updated_at if old else at,
            transitioned_at=old.transitioned_at if old else at,
            configured_at=at,
            actions_enabled=actions_enabled,
        )
        alarms[alarm.name] = status
        verb = "updated" if old else "created"
        self._history.append(HistoryItem(at, status, "ConfigurationUpdate", f'Alarm "{alarm.name}" {verb}'))
        return status

    def replace(self, status: AlarmStatus, *, old: AlarmStatus, at: float) -> None:
        """Keeps the new status; a changed state goes into the history."""
        self._statuses[status.account, status.region][status.name] = status
        if status.state is not old.state:
            summary = f"Alarm updated from {old.state} to {status.state}"
            self._history.append(HistoryItem(at, status, "StateUpdate", summary, old.state))

    def delete(self, account: str, region: str, name: str, *, at: float) -> None:
        """Raises AlarmNotFound, and InvalidParameter while a composite alarm refers to it."""
        status = self.get(account, region, name)
        parents = sorted(
            other.name
            for other in self.find(account, region)
            if isinstance(other.alarm, CompositeAlarm) and name in children(other.alarm.rule) and other.name != name
        )
        if parents:
            raise InvalidParameter(
                f"Cannot delete {name} as there are composite alarm(s) depending on it: {', '.join(parents)}."
            )
        del self._statuses[account, region][name]
        self._history.append(HistoryItem(at, status, "ConfigurationUpdate", f'Alarm "{name}" deleted'))

    def with_children(self, keys: Iterable[tuple[str, str, str]]) -> Iterator[tuple[tuple[str, str, str], AlarmStatus]]:
        """Those of them that there are (account, region, name), and what composite ones among them are made of."""
        waiting = dict.fromkeys(keys)
        seen: set[tuple[str, str, str]] = set()
        while waiting:
            key, _ = waiting.popitem()
            status = self._statuses.get(key[:2], {}).get(key[2])
            if key in seen or status is None:
                continue
            seen.add(key)
            yield key, status
            if isinstance(status.alarm, CompositeAlarm):
                waiting |= dict.fromkeys((*key[:2], child) for child in children(status.alarm.rule))

    def _everywhere(self) -> list[AlarmStatus]:
        return [status for alarms in self._statuses.values() for status in alarms.values()]

    def _refuse_missing_children(self, account: str, region: str, alarm: CompositeAlarm) -> None:
        there = self._statuses.get((account, region), {})
        missing = [name for name in children(alarm.rule) if name not in there]
        if missing:
            raise InvalidParameter(
                f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist."
            )
