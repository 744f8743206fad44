"""What a traffic shift did to callers, in numbers: calls and failed calls of both versions, and the alarms of it.

In: a shift, and when it was over. Out: `Traffic`. It counts as Lambda does: a call fails by an error or a time-out of
the function; one that is slow, or is answered with a refusal, does not. It must not change anything.
What is older than CloudWatch's minutes is counted in steps of five: to both sides, a few calls may be of others.
Sources: Lambda developer guide, "Types of metrics" (the dimensions Resource and ExecutedVersion); CloudWatch API
reference, GetMetricData (what is kept for how long), DescribeAlarmHistory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.shifts.shift import Shift

METRIC_LAG = timedelta(minutes=3)
"""How late CloudWatch may show a metric, as the canary's own arithmetic has it."""

MINUTE, FIVE_MINUTES = timedelta(minutes=1), timedelta(minutes=5)
KEPT_BY_THE_MINUTE = timedelta(days=14)
"""CloudWatch keeps minutes for 15 days, and five of them together for 63: a day less, for nothing hangs on the day."""

_METRICS = ("Invocations", "Errors")


@dataclass(frozen=True)
class Calls:
    calls: int
    failed: int

    def __add__(self, other: Calls) -> Calls:
        return Calls(self.calls + other.calls, self.failed + other.failed)


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """`new` and `old` are the versions' calls while they shared the traffic, `after` those of the new one after that,
    when it had all of it. Where not `is_final`, CloudWatch may not have shown all yet. `went_off` names alarms.
    """

    new: Calls
    old: Calls
    after: Calls
    until: datetime
    is_final: bool
    went_off: tuple[str, ...]


def read_traffic(
    cloudwatch: Any, shift: Shift, *, shared_until: datetime, until: datetime, now: datetime
) -> Traffic | None:
    """From the first traffic of the new version until `until`, or now; None where it never had any.

    From `shared_until` on, all calls of the alias are the new version's, whatever CloudWatch tells of versions then.
    Raises botocore's ClientError and BotoCoreError; KeyError or ValueError where an answer is not as documented.
    """
    if shift.traffic_from is None:
        return None
    until = min(until, now)
    shared_until = min(shared_until, until)
    period = MINUTE if now - shift.traffic_from < KEPT_BY_THE_MINUTE else FIVE_MINUTES
    first, shared, last = (
        _floor(shift.traffic_from, period),
        _ceiling(shared_until, period),
        _ceiling(until, period),
    )
    versions = {
        name: _sums(cloudwatch, shift, version, first, shared, period)
        for name, version in (("new", shift.to_version), ("old", shift.from_version))
    }
    after = _sums(cloudwatch, shift, None, shared, last, period)
    return Traffic(
        new=versions["new"],
        old=versions["old"],
        after=after,
        until=until,
        is_final=now >= until + METRIC_LAG,
        went_off=went_off(cloudwatch, shift.stack, shift.traffic_from, until),
    )


def lambda_query(
    query_id: str,
    metric: str,
    *,
    function: str,
    alias: str,
    version: str | None = None,
    period: timedelta = MINUTE,
) -> dict[str, Any]:
    """A MetricDataQuery for the sums of each period, of calls through the alias: of one version, or of all."""
    dimensions = {"FunctionName": function, "Resource": f"{function}:{alias}"}
    if version is not None:
        dimensions["ExecutedVersion"] = version
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    asked = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": named}
    return {"Id": query_id, "MetricStat": {"Metric": asked, "Period": int(period.total_seconds()), "Stat": "Sum"}}


def read_minutes(
    cloudwatch: Any, queries: Sequence[Mapping[str, Any]], first: datetime, last: datetime
) -> dict[str, dict[datetime, float]]:
    """Of each query, by its id: what CloudWatch has of each minute."""
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=first, EndTime=last, ScanBy="TimestampAscending"
    )
    values: dict[str, dict[datetime, float]] = {query["Id"]: {} for query in queries}
    for page in pages:
        for result in page["MetricDataResults"]:
            values[result["Id"]].update(zip(result["Timestamps"], result["Values"], strict=True))
    return values


def went_off(cloudwatch: Any, stack: str, since: datetime, until: datetime) -> tuple[str, ...]:
    """The names of the stack's alarms that went into ALARM in between, by CloudWatch's history.

    Those that a deployment group names now are of no use: a release that was put back has taken its alarms with it. The
    history is kept, and CloudFormation calls what has no name after its stack.
    """
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(
        HistoryItemType="StateUpdate", StartDate=since, EndDate=until
    )
    return tuple(
        sorted(
            {
                item["AlarmName"]
                for page in pages
                for item in page["AlarmHistoryItems"]
                if item["AlarmName"].startswith(f"{stack}-") and state_of(item) == "ALARM"
            }
        )
    )


def state_of(item: Mapping[str, Any]) -> str:
    """The state that an AlarmHistoryItem of a StateUpdate tells of."""
    state: str = json.loads(item["HistoryData"]).get("newState", {}).get("stateValue", "")
    return state


def _sums(
    cloudwatch: Any, shift: Shift, version: str | None, first: datetime, last: datetime, period: timedelta
) -> Calls:
    if first >= last or version == "":
        return Calls(0, 0)
    queries = [
        lambda_query(metric.lower(), metric, function=shift.function, alias=shift.alias, version=version, period=period)
        for metric in _METRICS
    ]
    values = read_minutes(cloudwatch, queries, first, last)
    calls, failed = (int(sum(values[metric.lower()].values())) for metric in _METRICS)
    return Calls(calls, failed)


def _floor(moment: datetime, period: timedelta) -> datetime:
    """As CloudWatch has it: periods begin with the hour."""
    return moment - (moment - moment.replace(minute=0, second=0, microsecond=0)) % period


def _ceiling(moment: datetime, period: timedelta) -> datetime:
    floor = _floor(moment, period)
    return floor if floor == moment else floor + period
