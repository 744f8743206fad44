"""Tells of each AWS minute of a traffic shift how often both versions were called, and how often they failed.

Calls are those of the alias (AWS/Lambda Invocations by ExecutedVersion); failed are function errors, or the answers of
500 and above where those are more: an API's function may answer so without failing. It must not judge: alarms do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from rehearsal.aws.cloudwatch.metric_store import MetricStore, Window, metric_id
from rehearsal.aws.codedeploy.deployment import Creator, Deployment, LifecycleEventName
from rehearsal.aws.lambda_host.metrics import dimension_sets
from rehearsal.aws.lambda_host.traffic import FunctionTraffic, since
from rehearsal.run_events import CanarySampled, EventLog

ORDER = 50
"""The place among what runs at an AWS minute's boundary: after the alarms are evaluated."""
_MINUTE = 60


class Minutes(Protocol):
    """The run's clock."""

    def every_minute(self, callback: Callable[[float], None], *, name: str, order: int) -> None: ...


class CanarySamples:
    """`deployments` answers all that there are; `traffic` the requests so far, by function and version."""

    def __init__(
        self,
        clock: Minutes,
        metrics: MetricStore,
        event_log: EventLog,
        *,
        deployments: Callable[[], Sequence[Deployment]],
        traffic: Callable[[], Sequence[FunctionTraffic]],
    ) -> None:
        self._metrics = metrics
        self._event_log = event_log
        self._deployments = deployments
        self._traffic = traffic
        self._traffic_before: Sequence[FunctionTraffic] = ()
        clock.every_minute(self.sample, name="canary samples", order=ORDER)

    def sample(self, at: float) -> None:
        """Of the minute that ends at the AWS time `at`, for every shift that was under way in it."""
        now = self._traffic()
        minute, self._traffic_before = since(now, self._traffic_before), now
        for deployment in self._deployments():
            if deployment.creator is not Creator.ROLLBACK and _is_within(deployment, at):
                self._tell(deployment, at, minute)

    def _tell(self, deployment: Deployment, at: float, traffic: Sequence[FunctionTraffic]) -> None:
        shift = deployment.shift
        began_at = deployment.events[LifecycleEventName.SHIFT].started_at or at
        old_calls, old_errors = self._counts(deployment, shift.from_version, at, traffic)
        new_calls, new_errors = self._counts(deployment, shift.to_version, at, traffic)
        self._event_log.emit(
            CanarySampled(
                deployment_id=deployment.deployment_id,
                aws_seconds=round(at - began_at, 1),
                weight_percent=deployment.weight_percent,
                old_calls=old_calls,
                old_errors=old_errors,
                new_calls=new_calls,
                new_errors=new_errors,
            )
        )

    def _counts(
        self, deployment: Deployment, version: str, at: float, traffic: Sequence[FunctionTraffic]
    ) -> tuple[int, int]:
        """Calls and errors."""
        alias = deployment.shift.alias
        *_, dimensions = dimension_sets(alias, version)
        window = Window(int(at) - _MINUTE, _MINUTE, 1)
        metrics = (
            metric_id(alias.account, alias.region, "AWS/Lambda", name, dimensions) for name in ("Invocations", "Errors")
        )
        calls, errors = (int(self._metrics.read(metric, window)[0].total) for metric in metrics)
        failed = sum(
            item.failed
            for item in traffic
            if (item.account, item.function, item.version) == (alias.account, alias.name, version)
        )
        return calls, max(errors, failed)


def _is_within(deployment: Deployment, at: float) -> bool:
    began_at = deployment.events[LifecycleEventName.SHIFT].started_at
    ended_at = deployment.ended_at
    return began_at is not None and began_at < at and (ended_at is None or ended_at > at - _MINUTE)
