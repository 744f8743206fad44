"""The service's own alarms: what its customers, or their cars, would notice. Those of the bake gate every release.

Not the canary's alarms, which see only the new version: those are in `release/alarms.py`, and these here are never in a
deployment group, for an incident must not block its own fix. Names are explicit, so that the pipeline can name them,
and each name is a heading in docs/runbook. Dimensions are literals: a Ref to the API's stage would close a circle
through the alias (aws-cdk#13922).
"""

from __future__ import annotations

from aws_cdk import Duration, Stack, Token
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from service.acknowledgements import acknowledge
from service.api.access import toolchain_role
from service.cars.settings import METRICS_NAMESPACE, ServiceName
from service.function import alias_dimensions
from service.service_settings import ServiceSettings

PERIOD = Duration.minutes(1)
LATENCY_P95_MILLISECONDS = 1000
LONGEST_DELAY = Duration.minutes(5)
"""For how long a record of a stream, or an asynchronous event, may wait: then the function fails, or is too slow."""

OF_A_QUEUE = cloudwatch.TreatMissingData.IGNORE
"""SQS sends metrics of a queue while it is active ("Monitoring Amazon SQS queues using CloudWatch").

Messages may lie there for longer: an alarm on them must not end because nobody touches them.
"""

BAKE_ALARMS = ("api-5xx-rate", "api-latency-p95", "changes-delayed", "telemetry-delayed", "prober-heartbeat")


def api_name(settings: ServiceSettings) -> str:
    return f"cars-{settings.stage_name}"


def alarm_name(settings: ServiceSettings, what: str) -> str:
    return f"cars-{settings.stage_name}-{what}"


def bake_alarm_names(settings: ServiceSettings) -> tuple[str, ...]:
    """The alarms that a release must keep quiet after it has all traffic.

    Each falls silent by itself when what it tells of is over. One that waits for a person, as on what lies in a queue,
    would roll back every release until then, the one with the fix too.
    """
    return tuple(alarm_name(settings, what) for what in BAKE_ALARMS)


def names_of_alarms(scope: Construct) -> list[str]:
    """The names of all alarms below `scope` that call people. Those of canaries have none that is known here."""
    alarms = [found for found in scope.node.find_all() if isinstance(found, cloudwatch.CfnAlarm)]
    names = [alarm.alarm_name for alarm in alarms]
    return [name for name in names if name is not None and not Token.is_unresolved(name)]


def service_alarm(
    scope: Construct,
    construct_id: str,
    *,
    what: str,
    description: str,
    metric: cloudwatch.IMetric,
    threshold: float,
    settings: ServiceSettings,
    operators_topic: sns.ITopic,
    evaluation_periods: int = 3,
    datapoints_to_alarm: int = 2,
    comparison_operator: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    treat_missing_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
) -> cloudwatch.Alarm:
    """An alarm `what` ("<unit>-<trouble>"), which calls the operators and says where they read what to do."""
    unit = what.split("-", 1)[0]
    alarm = cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_name=alarm_name(settings, what),
        alarm_description=f"{description} What to do: {settings.runbook_url}/{unit}.md#{what}",
        metric=metric,
        threshold=threshold,
        comparison_operator=comparison_operator,
        evaluation_periods=evaluation_periods,
        datapoints_to_alarm=datapoints_to_alarm,
        treat_missing_data=treat_missing_data,
    )
    action = cloudwatch_actions.SnsAction(operators_topic)
    alarm.add_alarm_action(action)
    alarm.add_ok_action(action)
    return alarm


def lambda_metric(metric_name: str, function: lambda_.IFunction, *, statistic: str) -> cloudwatch.Metric:
    """A metric of all that comes through the function's alias."""
    return cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name=metric_name,
        dimensions_map=alias_dimensions(function),
        statistic=statistic,
        period=PERIOD,
    )


def api_alarms(
    scope: Construct, *, function: lambda_.IFunction, settings: ServiceSettings, operators_topic: sns.ITopic
) -> None:
    """Alarms on what callers of the API get: errors, latency, and calls that Lambda turned away."""
    service_alarm(
        scope,
        "Api5xxRate",
        what="api-5xx-rate",
        description="More than 1 % of the API's answers are server errors.",
        metric=api_metric("5XXError", "Average", settings),
        threshold=0.01,
        settings=settings,
        operators_topic=operators_topic,
    )
    service_alarm(
        scope,
        "ApiLatencyP95",
        what="api-latency-p95",
        description=f"One answer of twenty takes longer than {LATENCY_P95_MILLISECONDS} ms.",
        metric=api_metric("Latency", "p95", settings),
        threshold=LATENCY_P95_MILLISECONDS,
        evaluation_periods=5,
        datapoints_to_alarm=3,
        settings=settings,
        operators_topic=operators_topic,
    )
    throttles_alarm(
        scope, "ApiThrottles", unit="api", function=function, settings=settings, operators_topic=operators_topic
    )


def throttles_alarm(
    scope: Construct,
    construct_id: str,
    *,
    unit: str,
    function: lambda_.IFunction,
    settings: ServiceSettings,
    operators_topic: sns.ITopic,
) -> cloudwatch.Alarm:
    """On calls that Lambda turned away: they appear in neither Invocations nor Errors."""
    return service_alarm(
        scope,
        construct_id,
        what=f"{unit}-throttles",
        description="Lambda turned calls away: they appear in neither Invocations nor Errors.",
        metric=lambda_metric("Throttles", function, statistic="Sum"),
        threshold=0,
        settings=settings,
        operators_topic=operators_topic,
    )


def delay_alarm(
    scope: Construct,
    construct_id: str,
    *,
    unit: str,
    function: lambda_.IFunction,
    settings: ServiceSettings,
    operators_topic: sns.ITopic,
) -> cloudwatch.Alarm:
    """On records of a stream that wait: the function fails, or is too slow."""
    return _waiting_alarm(
        scope,
        construct_id,
        unit=unit,
        waiting="Records of the stream have waited",
        age=lambda_metric("IteratorAge", function, statistic="Maximum"),
        settings=settings,
        operators_topic=operators_topic,
    )


def event_age_alarm(
    scope: Construct,
    construct_id: str,
    *,
    unit: str,
    function: lambda_.IFunction,
    settings: ServiceSettings,
    operators_topic: sns.ITopic,
) -> cloudwatch.Alarm:
    """On asynchronous events that wait in Lambda's own queue: the function fails, or is throttled."""
    return _waiting_alarm(
        scope,
        construct_id,
        unit=unit,
        waiting="Events have waited in Lambda's queue",
        age=event_age(function),
        settings=settings,
        operators_topic=operators_topic,
    )


def _waiting_alarm(
    scope: Construct,
    construct_id: str,
    *,
    unit: str,
    waiting: str,
    age: cloudwatch.IMetric,
    settings: ServiceSettings,
    operators_topic: sns.ITopic,
) -> cloudwatch.Alarm:
    return service_alarm(
        scope,
        construct_id,
        what=f"{unit}-delayed",
        description=f"{waiting} for more than {LONGEST_DELAY.to_minutes():.0f} minutes.",
        metric=age,
        threshold=LONGEST_DELAY.to_milliseconds(),
        settings=settings,
        operators_topic=operators_topic,
    )


def event_age(function: lambda_.IFunction) -> cloudwatch.Metric:
    """How old asynchronous events are when they reach the function. It is documented for no alias, only as a whole."""
    return function.metric("AsyncEventAge", statistic="Maximum", period=PERIOD)


def queued_failures_alarm(
    scope: Construct,
    construct_id: str,
    *,
    what: str,
    description: str,
    queue: sqs.IQueue,
    settings: ServiceSettings,
    operators_topic: sns.ITopic,
) -> cloudwatch.Alarm:
    """On a queue of what has failed for good: it stays on until a person has emptied the queue, by redrive."""
    return service_alarm(
        scope,
        construct_id,
        what=what,
        description=description,
        metric=queue.metric_approximate_number_of_messages_visible(statistic="Maximum", period=PERIOD),
        threshold=0,
        evaluation_periods=1,
        datapoints_to_alarm=1,
        treat_missing_data=OF_A_QUEUE,
        settings=settings,
        operators_topic=operators_topic,
    )


def heartbeat_alarm(scope: Construct, *, settings: ServiceSettings, operators_topic: sns.ITopic) -> cloudwatch.Alarm:
    """An alarm on a prober that has stopped, or whose journeys all fail: without it, silence would look like health."""
    return service_alarm(
        scope,
        "ProberHeartbeat",
        what="prober-heartbeat",
        description="No journey through the public API has succeeded for three minutes.",
        metric=cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name="SucceededJourneys",
            dimensions_map={"service": ServiceName.PROBER, "stage": settings.stage_name},
            statistic="Sum",
            period=PERIOD,
        ),
        threshold=1,
        comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluation_periods=3,
        datapoints_to_alarm=3,
        treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        settings=settings,
        operators_topic=operators_topic,
    )


def api_metric(metric_name: str, statistic: str, settings: ServiceSettings) -> cloudwatch.Metric:
    """A metric of API Gateway, of this stage of the API."""
    return cloudwatch.Metric(
        namespace="AWS/ApiGateway",
        metric_name=metric_name,
        dimensions_map={"ApiName": api_name(settings), "Stage": settings.stage_name},
        statistic=statistic,
        period=PERIOD,
    )


def alarm_reader_role(scope: Construct, *, settings: ServiceSettings) -> iam.Role:
    """What the pipeline's bake becomes to see this stage's alarms from its own account; it may read them, no more."""
    role = iam.Role(
        scope,
        "AlarmReaderRole",
        role_name=settings.alarm_reader_role_name,
        assumed_by=toolchain_role(settings, settings.bake_role_name),
    )
    stack = Stack.of(scope)
    alarms = f"arn:aws:cloudwatch:{stack.region}:{stack.account}:alarm:*"
    role.add_to_policy(iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=[alarms]))
    reason = "CloudWatch authorizes DescribeAlarms on alarm:* whichever names are asked for."
    acknowledge(role, {f"IAM5[Resource::{alarms}]": reason})
    return role
