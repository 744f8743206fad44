"""The canary's alarms: they see only calls that came through the alias and were served by the new version.

Source: "Monitoring Lambda functions", dimensions FunctionName, Resource and ExecutedVersion; a wrong dimension is an
alarm that never fires, and nobody says so. Each release gets alarms of its own: an alarm that is only updated keeps its
state (PutMetricAlarm), so the last release's ALARM would stop the fix. No new-version alarm has a name, or it would
clash with its predecessor's.
"""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from service.cars import intake
from service.cars.settings import METRICS_NAMESPACE
from service.function import ServiceFunction, alias_dimensions
from service.release.canary import ALARM_PERIOD_SECONDS, LONG_WINDOW_MINUTES, Canary
from service.release.runtime.chance import Chance

SLOW_MILLISECONDS = 1000
"""A call of any unit that takes longer is slow. What a new execution environment needs to begin is not in Duration."""

REFUSAL_COUNT = 3
REFUSAL_PERCENT = 20
REFUSALS_BY_CHANCE = 3
"""So many times the old version's rate of refusals may the new one have by chance alone: one sender of nonsense hits
whichever version gets the batch. What both are worth, tests/service/release/test_refusals.py works out."""

PERIOD = cdk.Duration.seconds(ALARM_PERIOD_SECONDS)

_ENOUGH_ITEMS = 2
_REFUSALS_BEYOND_THE_OLD = (
    f"IF(FILL(newItems,0)>={_ENOUGH_ITEMS} AND (FILL(allItems,0)-FILL(newItems,0))>={_ENOUGH_ITEMS} "
    f"AND FILL(newRefusals,0)>={REFUSAL_COUNT}, 100*FILL(newRefusals,0)/newItems "
    f"- {100 * REFUSALS_BY_CHANCE}*(FILL(allRefusals,0)-FILL(newRefusals,0))/(allItems-newItems), 0)"
)


def new_version_alarms(
    scope: Construct, *, released: ServiceFunction, canary: Canary, counts_intake: bool
) -> list[cloudwatch.IAlarm]:
    """The alarms of a canary: fails within a minute, fails now and then, is slow; and refuses more than the old one.

    The first three compare the new version with the old one, and fire beyond what chance alone makes of it
    (runtime/chance.py): the same alarms are right from 30 to 10,000 requests a minute (docs/canary.md).
    """
    alarms = [
        _beyond_chance(
            scope,
            "NewVersionErrors",
            "More calls of the new version failed within a minute than chance explains",
            released,
            "Errors",
            chance=canary.chance_in_a_minute,
            minutes=1,
        ),
        _beyond_chance(
            scope,
            "NewVersionErrorsInWindow",
            f"More calls of the new version failed within {LONG_WINDOW_MINUTES} minutes than chance explains",
            released,
            "Errors",
            chance=canary.chance_in_a_window,
            minutes=LONG_WINDOW_MINUTES,
        ),
        _beyond_chance(
            scope,
            "NewVersionSlow",
            f"More calls of the new version took longer than {SLOW_MILLISECONDS} ms within {LONG_WINDOW_MINUTES} "
            "minutes than chance explains",
            released,
            "Duration",
            statistic=f"TC({SLOW_MILLISECONDS}:)",
            chance=canary.chance_in_a_window,
            minutes=LONG_WINDOW_MINUTES,
        ),
    ]
    if counts_intake:
        alarms.append(_refusals_against_baseline(scope, released))
    for alarm in alarms:
        _follow_version(alarm, released)
    return list(alarms)


def _beyond_chance(
    scope: Construct,
    construct_id: str,
    description: str,
    released: ServiceFunction,
    metric_name: str,
    *,
    statistic: str = "Sum",
    chance: Chance,
    minutes: int,
) -> cloudwatch.Alarm:
    """`metric_name` and `statistic` count what is too much; how much that is follows the traffic and the old version.

    The old version's counts are what is left of all without the new one's: CloudFormation cannot name that version.
    """
    period = cdk.Duration.minutes(minutes)
    counts = {
        "newCalls": _new_version(released, "Invocations", period=period),
        "newErrors": _new_version(released, metric_name, statistic=statistic, period=period),
        "allCalls": _alias(released, "Invocations", period=period),
        "allErrors": _alias(released, metric_name, statistic=statistic, period=period),
    }
    expected = cloudwatch.MathExpression(
        expression=chance.expected_expression(), using_metrics=counts, label="Expected by chance", period=period
    )
    return _alarm(
        scope,
        construct_id,
        description,
        cloudwatch.MathExpression(
            expression=chance.beyond_expression(),
            using_metrics={**counts, "expected": expected},
            label="Beyond what chance explains",
            period=period,
        ),
        threshold=0,
        evaluation_periods=1,
        datapoints_to_alarm=1,
    )


def _refusals_against_baseline(scope: Construct, released: ServiceFunction) -> cloudwatch.Alarm:
    """To refuse an item is no error, and may be right: so it is the old version that says what is too much.

    Silent when both refuse: then it is the senders, and a release that takes what they send must not be stopped.
    """
    of_all = {"FunctionName": released.function.function_name}
    of_new = {**of_all, "ExecutedVersion": released.version.version}
    return _alarm(
        scope,
        "RefusalsAgainstBaseline",
        f"The new version's rate of refusals is {REFUSALS_BY_CHANCE} times the old one's, and more than "
        f"{REFUSAL_PERCENT} percentage points above that",
        cloudwatch.MathExpression(
            expression=_REFUSALS_BEYOND_THE_OLD,
            using_metrics={
                "newItems": _intake(intake.RECEIVED, of_new),
                "newRefusals": _intake(intake.REFUSED, of_new),
                "allItems": _intake(intake.RECEIVED, of_all),
                "allRefusals": _intake(intake.REFUSED, of_all),
            },
            label=f"New version's rate of refusals minus {REFUSALS_BY_CHANCE} times the old one's (percentage points)",
            period=PERIOD,
        ),
        threshold=REFUSAL_PERCENT,
        evaluation_periods=3,
        datapoints_to_alarm=3,
    )


def _alarm(
    scope: Construct,
    construct_id: str,
    description: str,
    metric: cloudwatch.IMetric,
    *,
    threshold: float,
    evaluation_periods: int,
    datapoints_to_alarm: int,
) -> cloudwatch.Alarm:
    return cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_description=f"{description}.",
        metric=metric,
        threshold=threshold,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=evaluation_periods,
        datapoints_to_alarm=datapoints_to_alarm,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def _new_version(
    released: ServiceFunction, metric_name: str, *, statistic: str = "Sum", period: cdk.Duration
) -> cloudwatch.Metric:
    dimensions = {**alias_dimensions(released.function), "ExecutedVersion": released.version.version}
    return _metric(metric_name, dimensions, statistic=statistic, period=period)


def _alias(
    released: ServiceFunction, metric_name: str, *, statistic: str = "Sum", period: cdk.Duration
) -> cloudwatch.Metric:
    return _metric(metric_name, alias_dimensions(released.function), statistic=statistic, period=period)


def _intake(metric_name: str, dimensions: Mapping[str, str]) -> cloudwatch.Metric:
    return _metric(metric_name, dimensions, namespace=METRICS_NAMESPACE, period=PERIOD)


def _metric(
    metric_name: str,
    dimensions: Mapping[str, str],
    *,
    statistic: str = "Sum",
    period: cdk.Duration,
    namespace: str = "AWS/Lambda",
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace, metric_name=metric_name, dimensions_map=dimensions, statistic=statistic, period=period
    )


@jsii.implements(cdk.IStringProducer)
class _IdOfVersion:
    """An alarm's logical id with the hash that CDK gives to the version's: another version, another alarm."""

    def __init__(self, construct_id: str, released: ServiceFunction) -> None:
        self._construct_id = construct_id
        self._released = released

    def produce(self, context: cdk.IResolveContext) -> str:
        version = self._released.version.node.default_child
        assert isinstance(version, cdk.CfnElement)
        version_id = str(context.resolve(version.logical_id))
        return f"{self._construct_id}{version_id[-32:]}"


def _follow_version(alarm: cloudwatch.Alarm, released: ServiceFunction) -> None:
    cfn_alarm = alarm.node.default_child
    assert isinstance(cfn_alarm, cloudwatch.CfnAlarm)
    cfn_alarm.override_logical_id(cdk.Lazy.uncached_string(_IdOfVersion(alarm.node.id, released)))
