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
from service.release.canary import ALARM_EVALUATION_PERIODS, ALARM_PERIOD_SECONDS, Canary

ERROR_COUNT = 3
DURATION_P90_MILLISECONDS = 1000
REFUSAL_COUNT = 3
REFUSALS_BY_CHANCE = 3
"""So many times the old version's rate of refusals may the new one have by chance alone: one sender of nonsense hits
whichever version gets the batch. What both are worth, tests/service/release/test_refusals.py works out."""

PERIOD = cdk.Duration.seconds(ALARM_PERIOD_SECONDS)


def new_version_alarms(
    scope: Construct, *, released: ServiceFunction, canary: Canary, counts_intake: bool
) -> list[cloudwatch.IAlarm]:
    """The alarms of a canary: error rate, error count, worse than the old version, slow; and refuses more than it."""
    alarms = [
        _error_rate(scope, released, canary),
        _error_count(scope, released),
        _canary_against_baseline(scope, released, canary),
        _duration_p90(scope, released),
    ]
    if counts_intake:
        alarms.append(_refusals_against_baseline(scope, released, canary))
    for alarm in alarms:
        _follow_version(alarm, released)
    return list(alarms)


def _error_rate(scope: Construct, released: ServiceFunction, canary: Canary) -> cloudwatch.Alarm:
    return _alarm(
        scope,
        "NewVersionErrorRate",
        f"More than {canary.maximum_error_percent} % of the new version's calls fail",
        cloudwatch.MathExpression(
            expression=f"IF(FILL(newCalls,0)>={canary.minimum_calls_per_period}, 100*FILL(newErrors,0)/newCalls, 0)",
            using_metrics={
                "newCalls": _new_version(released, "Invocations"),
                "newErrors": _new_version(released, "Errors"),
            },
            label="New version's error rate (%)",
            period=PERIOD,
        ),
        threshold=canary.maximum_error_percent,
        datapoints_to_alarm=2,
    )


def _error_count(scope: Construct, released: ServiceFunction) -> cloudwatch.Alarm:
    """Needs no denominator: catches a broken version at low traffic, and at once."""
    return _alarm(
        scope,
        "NewVersionErrorCount",
        f"{ERROR_COUNT} or more calls of the new version failed within a minute",
        _new_version(released, "Errors"),
        threshold=ERROR_COUNT,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluation_periods=1,
        datapoints_to_alarm=1,
    )


def _canary_against_baseline(scope: Construct, released: ServiceFunction, canary: Canary) -> cloudwatch.Alarm:
    """Silent when both fail alike: then a dependency is down, and going back would not help."""
    return _alarm(
        scope,
        "CanaryAgainstBaseline",
        f"The new version fails oftener than the old one, by more than {canary.maximum_error_percent} % of its calls",
        cloudwatch.MathExpression(
            expression=_excess("Calls", "Errors", minimum=canary.minimum_calls_per_period),
            using_metrics={
                "newCalls": _new_version(released, "Invocations"),
                "newErrors": _new_version(released, "Errors"),
                "allCalls": _alias(released, "Invocations"),
                "allErrors": _alias(released, "Errors"),
            },
            label="New version's error rate minus the old one's (percentage points)",
            period=PERIOD,
        ),
        threshold=canary.maximum_error_percent,
        datapoints_to_alarm=2,
    )


def _refusals_against_baseline(scope: Construct, released: ServiceFunction, canary: Canary) -> cloudwatch.Alarm:
    """To refuse an item is no error, and may be right: so it is the old version that says what is too much.

    Silent when both refuse: then it is the senders, and a release that takes what they send must not be stopped.
    """
    of_all = {"FunctionName": released.function.function_name}
    of_new = {**of_all, "ExecutedVersion": released.version.version}
    return _alarm(
        scope,
        "RefusalsAgainstBaseline",
        f"The new version's rate of refusals is {REFUSALS_BY_CHANCE} times the old one's, and more than "
        f"{canary.maximum_error_percent} percentage points above that",
        cloudwatch.MathExpression(
            expression=_excess(
                "Items",
                "Refusals",
                minimum=canary.minimum_calls_per_period,
                minimum_parts=REFUSAL_COUNT,
                times_the_old_rate=REFUSALS_BY_CHANCE,
            ),
            using_metrics={
                "newItems": _metric(intake.RECEIVED, "Sum", of_new, namespace=METRICS_NAMESPACE),
                "newRefusals": _metric(intake.REFUSED, "Sum", of_new, namespace=METRICS_NAMESPACE),
                "allItems": _metric(intake.RECEIVED, "Sum", of_all, namespace=METRICS_NAMESPACE),
                "allRefusals": _metric(intake.REFUSED, "Sum", of_all, namespace=METRICS_NAMESPACE),
            },
            label=f"New version's rate of refusals minus {REFUSALS_BY_CHANCE} times the old one's (percentage points)",
            period=PERIOD,
        ),
        threshold=canary.maximum_error_percent,
        datapoints_to_alarm=3,
    )


def _excess(
    wholes: str, parts: str, *, minimum: int, minimum_parts: int | None = None, times_the_old_rate: int = 1
) -> str:
    """The new version's percentage of `parts` in `wholes` minus the old one's, where each has a minimum of `wholes`.

    And where the new version has that many `parts`, if a minimum of them is given. The old version's are what is left
    of all without the new one's, for CloudFormation cannot name the old version.
    """
    new, every = f"FILL(new{wholes},0)", f"FILL(all{wholes},0)"
    new_part, every_part = f"FILL(new{parts},0)", f"FILL(all{parts},0)"
    enough = f"{new}>={minimum} AND ({every}-{new})>={minimum}"
    if minimum_parts is not None:
        enough += f" AND {new_part}>={minimum_parts}"
    old = f"{100 * times_the_old_rate}*({every_part}-{new_part})/(all{wholes}-new{wholes})"
    return f"IF({enough}, 100*{new_part}/new{wholes} - {old}, 0)"


def _duration_p90(scope: Construct, released: ServiceFunction) -> cloudwatch.Alarm:
    """p90 and not p95 or p99: those are "low sample" statistics at a canary's traffic."""
    return _alarm(
        scope,
        "NewVersionDurationP90",
        f"One call of the new version in ten takes longer than {DURATION_P90_MILLISECONDS} ms",
        _new_version(released, "Duration", statistic="p90"),
        threshold=DURATION_P90_MILLISECONDS,
        datapoints_to_alarm=3,
    )


def _alarm(
    scope: Construct,
    construct_id: str,
    description: str,
    metric: cloudwatch.IMetric,
    *,
    threshold: float,
    datapoints_to_alarm: int,
    evaluation_periods: int = ALARM_EVALUATION_PERIODS,
    comparison_operator: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
) -> cloudwatch.Alarm:
    return cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_description=f"{description}.",
        metric=metric,
        threshold=threshold,
        comparison_operator=comparison_operator,
        evaluation_periods=evaluation_periods,
        datapoints_to_alarm=datapoints_to_alarm,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def _new_version(released: ServiceFunction, metric_name: str, *, statistic: str = "Sum") -> cloudwatch.Metric:
    dimensions = {**alias_dimensions(released.function), "ExecutedVersion": released.version.version}
    return _metric(metric_name, statistic, dimensions)


def _alias(released: ServiceFunction, metric_name: str) -> cloudwatch.Metric:
    return _metric(metric_name, "Sum", alias_dimensions(released.function))


def _metric(
    metric_name: str, statistic: str, dimensions: Mapping[str, str], *, namespace: str = "AWS/Lambda"
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=metric_name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=PERIOD,
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
