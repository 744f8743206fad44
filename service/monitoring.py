"""The service's own alarms: what its customers would notice. They gate the bake; whom they page is not said here.

Not the canary's alarms, which see only the new version: those are in `release/infrastructure.py`, and these here are
never in a deployment group, for an incident must not block its own fix. Names are explicit, so that the pipeline can
name them. Dimensions are literals: a Ref to the API's stage would close a circle through the alias (aws-cdk#13922).
"""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from service.acknowledgements import acknowledge
from service.cars.settings import METRICS_NAMESPACE, ServiceName
from service.function import alias_dimensions
from service.service_settings import ServiceSettings

PERIOD = Duration.minutes(1)
LATENCY_P95_MILLISECONDS = 1000
CHANGES_DELAY_MINUTES = 5


def api_name(settings: ServiceSettings) -> str:
    return f"cars-{settings.stage_name}"


def alarm_name(settings: ServiceSettings, what: str) -> str:
    return f"cars-{settings.stage_name}-{what}"


def bake_alarm_names(settings: ServiceSettings) -> tuple[str, ...]:
    """The alarms that a release must keep quiet after it has all traffic: at most 5, a condition's limit of rules.

    Each falls silent by itself when what it tells of is over. One that waits for a person, as on what lies in a queue,
    would roll back every release until then, the one with the fix too.
    """
    whats = ("api-5xx-rate", "api-latency-p95", "api-throttles", "changes-delayed", "prober-heartbeat")
    return tuple(alarm_name(settings, what) for what in whats)


def api_alarms(scope: Construct, *, function: lambda_.IFunction, settings: ServiceSettings) -> None:
    """Alarms on what callers of the API get: errors, latency, and calls that Lambda turned away."""
    dimensions = {"ApiName": api_name(settings), "Stage": settings.stage_name}
    cloudwatch.Alarm(
        scope,
        "Api5xxRate",
        alarm_name=alarm_name(settings, "api-5xx-rate"),
        alarm_description="More than 1 % of the API's answers are server errors.",
        metric=cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name="5XXError",
            dimensions_map=dimensions,
            statistic="Average",
            period=PERIOD,
        ),
        threshold=0.01,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=3,
        datapoints_to_alarm=2,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    cloudwatch.Alarm(
        scope,
        "ApiLatencyP95",
        alarm_name=alarm_name(settings, "api-latency-p95"),
        alarm_description=f"One answer of twenty takes longer than {LATENCY_P95_MILLISECONDS} ms.",
        metric=cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name="Latency",
            dimensions_map=dimensions,
            statistic="p95",
            period=PERIOD,
        ),
        threshold=LATENCY_P95_MILLISECONDS,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=5,
        datapoints_to_alarm=3,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    cloudwatch.Alarm(
        scope,
        "ApiThrottles",
        alarm_name=alarm_name(settings, "api-throttles"),
        alarm_description="Lambda turned calls away: they appear in neither Invocations nor Errors.",
        metric=cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name="Throttles",
            dimensions_map=alias_dimensions(function),
            statistic="Sum",
            period=PERIOD,
        ),
        threshold=0,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=3,
        datapoints_to_alarm=2,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def delayed_changes_alarm(scope: Construct, *, function: lambda_.IFunction, settings: ServiceSettings) -> None:
    """An alarm on changes of the table that wait to be sent to the bus: the function fails, or is too slow."""
    cloudwatch.Alarm(
        scope,
        "DelayedChanges",
        alarm_name=alarm_name(settings, "changes-delayed"),
        alarm_description=f"Changes of cars have waited for more than {CHANGES_DELAY_MINUTES} minutes.",
        metric=cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name="IteratorAge",
            dimensions_map=alias_dimensions(function),
            statistic="Maximum",
            period=PERIOD,
        ),
        threshold=Duration.minutes(CHANGES_DELAY_MINUTES).to_milliseconds(),
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=3,
        datapoints_to_alarm=2,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def undelivered_changes_alarm(scope: Construct, *, queue: sqs.IQueue, settings: ServiceSettings) -> None:
    """An alarm on changes of the table that never reached the bus, for a person.

    A message in the queue says where in the stream they are, not what they were; the stream keeps them for a day.
    """
    cloudwatch.Alarm(
        scope,
        "UndeliveredChanges",
        alarm_name=alarm_name(settings, "changes-undelivered"),
        alarm_description="Changes of cars could not be sent to the event bus; the queue says which.",
        metric=queue.metric_approximate_number_of_messages_visible(statistic="Maximum", period=PERIOD),
        threshold=0,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def heartbeat_alarm(scope: Construct, *, settings: ServiceSettings) -> cloudwatch.Alarm:
    """An alarm on a prober that has stopped, or whose journeys all fail: without it, silence would look like health."""
    return cloudwatch.Alarm(
        scope,
        "ProberHeartbeat",
        alarm_name=alarm_name(settings, "prober-heartbeat"),
        alarm_description="No journey through the public API has succeeded for three minutes.",
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
    )


def alarm_reader_role(scope: Construct, *, settings: ServiceSettings) -> iam.Role:
    """What the pipeline becomes to see this stage's alarms from its own account; it may read them, and no more."""
    callers = f"arn:aws:iam::{settings.toolchain_account}:role/{settings.e2e_caller_role_pattern}"
    role = iam.Role(
        scope,
        "AlarmReaderRole",
        role_name=settings.alarm_reader_role_name,
        assumed_by=iam.AccountPrincipal(settings.toolchain_account).with_conditions(
            {"ArnLike": {"aws:PrincipalArn": callers}}
        ),
    )
    stack = Stack.of(scope)
    alarms = f"arn:aws:cloudwatch:{stack.region}:{stack.account}:alarm:*"
    role.add_to_policy(iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=[alarms]))
    reason = "CloudWatch authorizes DescribeAlarms on alarm:* whichever names are asked for."
    acknowledge(role, {f"IAM5[Resource::{alarms}]": reason})
    return role
