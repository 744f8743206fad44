"""Metric filters of stacks, on the run's clock: what is logged to their group becomes data points of the same minute.

Log events come from functions, line by line as they print them, and from whoever calls PutLogEvents. The filters stand
in the emulator too, for whoever lists them; it makes nothing of them. It must not know alarms.
Sources: "Filter pattern syntax for metric filters" (a default value is reported for a minute in which events came and
none matched), "AWS::Logs::MetricFilter" (Ref is the filter's name).
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.cloudwatch.cloudwatch import EVALUATION_ORDER
from rehearsal.aws.cloudwatch_logs.metric_filter import MetricFilter, parse_metric_filter
from rehearsal.aws.lambda_host.function import Clients
from rehearsal.aws.lambda_host.logs import LogStream
from rehearsal.aws.lambda_host.metrics import MetricSink
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, ResourceUnsupported
from rehearsal.machine.clock import MINUTE_SECONDS, Clock

BEFORE_ALARMS = EVALUATION_ORDER - 1
_Group = tuple[str, str, str]
log = logging.getLogger(__name__)


@dataclass
class _Minute:
    matched: int = 0
    unmatched: int = 0


@dataclass
class _Active:
    """A filter, and the minutes for which its default value is still open."""

    filter: MetricFilter
    minutes: dict[float, _Minute] = field(default_factory=lambda: defaultdict(_Minute))


class MetricFilters:
    """See the module; it is a `ResourceProvider`. Safe to use from several threads."""

    resource_types = frozenset({"AWS::Logs::MetricFilter"})

    def __init__(self, clock: Clock, metrics: MetricSink, clients: Clients) -> None:
        self._clock = clock
        self._metrics = metrics
        self._clients = clients
        self._lock = threading.Lock()
        self._filters: dict[_Group, dict[str, _Active]] = {}
        self._streams_of_functions: set[tuple[_Group, str]] = set()
        clock.every_minute(self.report_defaults, name="metric filters", order=BEFORE_ALARMS)

    def create(self, request: ResourceRequest) -> ResourceResult:
        name = str(request.properties.get("FilterName") or f"{_stem(request)}-{secrets.token_hex(6)}")
        return self._put(request, name)

    def update(self, request: ResourceRequest) -> ResourceResult:
        """Another name or log group is a replacement."""
        if any(request.properties.get(n) != request.old_properties.get(n) for n in ("FilterName", "LogGroupName")):
            return self.create(request)
        return self._put(request, str(request.physical_id))

    def delete(self, request: ResourceRequest) -> None:
        group = _group(request)
        with self._lock:
            known = self._filters.get(group, {}).pop(str(request.physical_id), None)
        if known is None:
            return
        client = self._client(request)
        try:
            client.delete_metric_filter(logGroupName=group[2], filterName=str(request.physical_id))
        except (client.exceptions.ResourceNotFoundException, BotoCoreError):
            log.debug("The log group %s went before its filter.", group[2])

    def printed(self, stream: LogStream, line: str) -> None:
        """A function has printed a line. It reaches CloudWatch Logs later, by a call that is not counted again."""
        group = (stream.account, stream.region, stream.group)
        with self._lock:
            if group not in self._filters:
                return
            self._streams_of_functions.add((group, stream.name))
        if line:
            self._take(group, line, self._clock.now())

    def heard(self, service: str, operation: str, account: str, region: str, body: bytes | None) -> None:
        """Somebody of that account called AWS."""
        if service != "logs" or operation != "PutLogEvents":
            return
        with self._lock:
            places = {group[:2] for group, filters in self._filters.items() if filters}
        if (account, region) not in places:
            return
        if body is None:
            log.warning("A call of PutLogEvents was too large to be looked at by metric filters.")
            return
        call = json.loads(body)
        group = (account, region, str(call.get("logGroupName")))
        with self._lock:
            is_counted = (group, str(call.get("logStreamName"))) in self._streams_of_functions
        for event in () if is_counted else call.get("logEvents") or ():
            self._take(group, str(event["message"]), self._clock.to_aws(event["timestamp"] / 1000))

    def report_defaults(self, at: float) -> None:
        """Of the minutes before the AWS time `at` in which nothing matched."""
        with self._lock:
            over = [
                (group, active.filter, minute, active.minutes.pop(minute))
                for group, filters in self._filters.items()
                for active in filters.values()
                for minute in sorted(active.minutes)
                if minute < at
            ]
        for group, metric_filter, minute, counted in over:
            if not counted.matched and metric_filter.default_value is not None:
                for _ in range(counted.unmatched):
                    self._report(group, metric_filter, metric_filter.default_value, {}, minute)

    def _take(self, group: _Group, message: str, at: float) -> None:
        with self._lock:
            filters = list(self._filters.get(group, {}).values())
        for active in filters:
            measured = active.filter.measure(message)
            if active.filter.default_value is not None:
                with self._lock:
                    minute = active.minutes[at // MINUTE_SECONDS * MINUTE_SECONDS]
                    minute.matched += measured is not None
                    minute.unmatched += measured is None
            if measured is not None and measured.value is not None:
                self._report(group, active.filter, measured.value, dict(measured.dimensions), at)

    def _report(
        self, group: _Group, metric_filter: MetricFilter, value: float, dimensions: dict[str, str], at: float
    ) -> None:
        self._metrics.put_metric(
            group[0],
            group[1],
            metric_filter.namespace,
            metric_filter.name,
            dimensions,
            value,
            unit=metric_filter.unit,
            at=at,
        )

    def _put(self, request: ResourceRequest, name: str) -> ResourceResult:
        try:
            metric_filter = parse_metric_filter(request.properties)
        except ValueError as exc:
            raise ResourceUnsupported(f"{request.logical_id}: {exc}") from exc
        group = _group(request)
        try:
            self._client(request).put_metric_filter(
                logGroupName=group[2],
                filterName=name,
                filterPattern=str(request.properties.get("FilterPattern", "")),
                metricTransformations=[_transformation(metric_filter)],
            )
        except (ClientError, BotoCoreError) as exc:
            raise ResourceFailed(str(exc)) from exc
        with self._lock:
            self._filters.setdefault(group, {})[name] = _Active(metric_filter)
        return ResourceResult(name)

    def _client(self, request: ResourceRequest) -> Any:
        return self._clients.root(request.account, request.region).client("logs")


def _group(request: ResourceRequest) -> _Group:
    return request.account, request.region, str(request.properties["LogGroupName"])


def _stem(request: ResourceRequest) -> str:
    return f"{request.stack_name}-{request.logical_id}"


def _transformation(metric_filter: MetricFilter) -> dict[str, Any]:
    optional = {
        "defaultValue": metric_filter.default_value,
        "dimensions": dict(metric_filter.dimensions) or None,
        "unit": metric_filter.unit,
    }
    return {
        "metricName": metric_filter.name,
        "metricNamespace": metric_filter.namespace,
        "metricValue": metric_filter.value,
        **{name: value for name, value in optional.items() if value is not None},
    }
