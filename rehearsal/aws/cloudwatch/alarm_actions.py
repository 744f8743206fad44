"""Carries out what an alarm does when its state becomes another one: publishes to topics, as CloudWatch.

The topic's policy has to allow it, as on AWS. Other actions than SNS are named in the log and not done. It must not
decide states. Source: "Notifying users on alarm changes"; the message is the one that CloudWatch sends to topics.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

from rehearsal.aws.cloudwatch.alarm import MetricAlarm
from rehearsal.aws.cloudwatch.alarm_book import AlarmStatus
from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Clock, Work

_ACTIONS = {
    AlarmState.ALARM: "AlarmActions",
    AlarmState.OK: "OKActions",
    AlarmState.INSUFFICIENT_DATA: "InsufficientDataActions",
}
_LONGEST_SUBJECT = 100
log = logging.getLogger(__name__)


class Publisher(Protocol):
    """The service principal `cloudwatch.amazonaws.com`."""

    def publish(self, topic_arn: str, message: str, *, source_arn: str, subject: str | None = None) -> None: ...


class AlarmActions:
    """See the module."""

    def __init__(self, clock: Clock, publisher: Publisher) -> None:
        self._clock = clock
        self._publisher = publisher

    def begin(self, status: AlarmStatus, old_state: AlarmState) -> None:
        """Takes an alarm that has just changed its state, and returns; the AWS minute waits for its actions."""
        if not status.actions_enabled:
            return
        for arn in status.alarm.properties.get(_ACTIONS[status.state]) or ():
            if not str(arn).startswith("arn:aws:sns:"):
                log.warning("The alarm %s: the local run does not carry out the action %s.", status.name, arn)
                continue
            work = self._clock.begin_work(f"{status.name} → {str(arn).rpartition(':')[2]}")
            arguments = (str(arn), status, old_state, work)
            threading.Thread(target=self._publish, args=arguments, name="alarm-action", daemon=True).start()

    def _publish(self, topic_arn: str, status: AlarmStatus, old_state: AlarmState, work: Work) -> None:
        message = json.dumps(notification(status, old_state, self._clock))
        subject = f'{status.state.value}: "{status.name}" in {region_name(status.region)}'[:_LONGEST_SUBJECT]
        with work:
            try:
                self._publisher.publish(topic_arn, message, source_arn=status.arn, subject=subject)
            except (RehearsalError, ClientError, BotoCoreError) as exc:
                log.warning("The alarm %s could not publish to %s: %s", status.name, topic_arn, exc)


def notification(status: AlarmStatus, old_state: AlarmState, clock: Clock) -> dict[str, Any]:
    """The message to a topic. Its times are the wall's, as in CloudWatch's answers."""

    def time(at: float) -> str:
        return datetime.fromtimestamp(clock.to_wall(at), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"

    given = status.alarm.properties
    message = {
        "AlarmName": status.name,
        "AlarmDescription": given.get("AlarmDescription"),
        "AWSAccountId": status.account,
        "AlarmConfigurationUpdatedTimestamp": time(status.configured_at),
        "NewStateValue": status.state.value,
        "NewStateReason": status.reason,
        "StateChangeTime": time(status.transitioned_at),
        "Region": region_name(status.region),
        "AlarmArn": status.arn,
        "OldStateValue": old_state.value,
        **{key: list(given.get(key) or []) for key in _ACTIONS.values()},
    }
    if isinstance(status.alarm, MetricAlarm):
        return {**message, "Trigger": _trigger(status.alarm)}
    return {**message, "AlarmRule": given["AlarmRule"]}


def _trigger(alarm: MetricAlarm) -> dict[str, Any]:
    given = alarm.properties
    common = {
        "Period": alarm.period_seconds,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data.value,
        "EvaluateLowSampleCountPercentile": given.get("EvaluateLowSampleCountPercentile", ""),
    }
    if given.get("Metrics"):
        return {**common, "Metrics": list(given["Metrics"])}
    return {**common, **_single_metric(given)}


def _single_metric(given: Mapping[str, Any]) -> dict[str, Any]:
    statistic = given.get("Statistic")
    dimensions = given.get("Dimensions") or ()
    return {
        "MetricName": given["MetricName"],
        "Namespace": given["Namespace"],
        "StatisticType": "Statistic" if statistic else "ExtendedStatistic",
        **({"Statistic": statistic.upper()} if statistic else {"ExtendedStatistic": given["ExtendedStatistic"]}),
        "Unit": given.get("Unit"),
        "Dimensions": [{"value": dimension["Value"], "name": dimension["Name"]} for dimension in dimensions],
    }


@lru_cache
def region_name(region: str) -> str:
    """`eu-west-1` -> `Europe (Ireland)`; the code itself where botocore knows no name."""
    partitions = Loader().load_data("endpoints")["partitions"]
    names = (partition["regions"].get(region, {}).get("description") for partition in partitions)
    return next((str(name) for name in names if name), region)
