"""What was measured: samples by metric, unit and AWS minute.

It must not know alarms or expressions. Source: "Metrics concepts": a metric is one namespace, name and exact set of
dimensions, in one account and region.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rehearsal.aws.cloudwatch.statistic import Samples, merged

MINUTE_SECONDS = 60
_KEPT_SECONDS = 15 * 24 * 3600

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MetricId:
    """`dimensions` are sorted by name: see `metric_id`."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: Dimensions


def metric_id(account: str, region: str, namespace: str, name: str, dimensions: Mapping[str, str]) -> MetricId:
    return MetricId(account, region, namespace, name, tuple(sorted(dimensions.items())))


@dataclass(frozen=True)
class Window:
    """`count` periods one after another, the first from `start`: seconds since the epoch on the run's clock."""

    start: int
    period_seconds: int
    count: int

    def timestamps(self) -> list[int]:
        return [self.start + index * self.period_seconds for index in range(self.count)]


@dataclass
class _Series:
    """`minutes` by unit (None: no unit was given) and by the minute's start."""

    minutes: dict[str | None, dict[int, Samples]] = field(default_factory=dict)


class MetricStore:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._series: dict[MetricId, _Series] = {}
        self._lock = threading.Lock()

    def put(self, metric: MetricId, value: float, *, at: float, unit: str | None = None, weight: float = 1.0) -> None:
        """Adds a sample that was measured `weight` times."""
        self.change(metric, at=at, unit=unit, how=lambda samples: samples.add(value, weight))

    def change(self, metric: MetricId, *, at: float, unit: str | None, how: Callable[[Samples], None]) -> None:
        """Lets `how` add to the samples of the minute of `at`."""
        minute = int(at // MINUTE_SECONDS) * MINUTE_SECONDS
        with self._lock:
            minutes = self._series.setdefault(metric, _Series()).minutes.setdefault(unit, {})
            if minute not in minutes:
                _forget(minutes, before=minute - _KEPT_SECONDS)
                minutes[minute] = Samples()
            how(minutes[minute])

    def read(self, metric: MetricId, window: Window, *, unit: str | None = None) -> list[Samples]:
        """The samples of each period of the window; of that unit, or of every unit. Periods are whole minutes."""
        with self._lock:
            series = self._series.get(metric)
            by_unit = [] if series is None else [m for name, m in series.minutes.items() if unit in (None, name)]
            return [
                merged(
                    minutes[minute]
                    for minutes in by_unit
                    for minute in range(start, start + window.period_seconds, MINUTE_SECONDS)
                    if minute in minutes
                )
                for start in window.timestamps()
            ]

    def unit(self, metric: MetricId) -> str | None:
        """A unit that the metric was given, if any."""
        with self._lock:
            series = self._series.get(metric)
            return next((unit for unit in series.minutes if unit is not None), None) if series else None

    def metrics(self, account: str, region: str) -> list[MetricId]:
        """Every metric of the account and region that ever got a sample, in a stable order."""
        with self._lock:
            found = [metric for metric in self._series if (metric.account, metric.region) == (account, region)]
        return sorted(found, key=lambda metric: (metric.namespace, metric.name, metric.dimensions))


def _forget(minutes: dict[int, Samples], *, before: int) -> None:
    for minute in [minute for minute in minutes if minute < before]:
        del minutes[minute]
