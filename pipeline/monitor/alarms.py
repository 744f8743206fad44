"""Alarms on the pipeline itself: what stands still in it, and what would keep it from mending itself.

Each name is a heading of docs/runbook/pipeline.md. They must not gate anything: a release does not wait for them.
Sources: CodeBuild user guide, "Quotas" (a build without a time-out of its own ends after an hour); CodeDeploy user
guide, "Quotas" (a hook may take an hour).
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from pipeline.monitor.runtime.settings import METRICS_NAMESPACE, PIPELINE_DIMENSION, Metric

PERIOD = cdk.Duration.minutes(15)
"""As often as the monitor measures when nothing happens."""

LONGEST_ACTION_HOURS = 3
"""The slowest action deploys a canary: half an hour of its shift, and two hooks, of which each may take an hour."""

_SECONDS = 3600


def gauge(pipeline_name: str, metric: Metric, *, label: str | None = None) -> cloudwatch.Metric:
    """The largest of a period, for each value says how it was at its moment."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric.value,
        dimensions_map={PIPELINE_DIMENSION: pipeline_name},
        statistic="Maximum",
        period=PERIOD,
        label=label,
    )


def pipeline_alarms(
    scope: Construct,
    *,
    pipeline_name: str,
    approval_timeout_hours: int,
    failed_queue: sqs.IQueue,
    topic: sns.ITopic,
    runbook_url: str,
) -> list[cloudwatch.Alarm]:
    """Each tells the topic, when it begins and when it ends. An approval may wait for half of its time."""
    # Hours and whole names: what an alarm says must be true of every configuration.
    half = approval_timeout_hours / 2
    wanted = [
        (
            "pipeline-action-stuck",
            f"An action of the pipeline has been running for more than {LONGEST_ACTION_HOURS} hours.",
            gauge(pipeline_name, Metric.ACTION_RUNNING),
            LONGEST_ACTION_HOURS * _SECONDS,
        ),
        (
            "pipeline-approval-waits",
            f"A release has been waiting for its approval for more than {half:g} hours, and what is newer behind it.",
            gauge(pipeline_name, Metric.APPROVAL_WAITING),
            half * _SECONDS,
        ),
        (
            "pipeline-self-mutation-failed",
            "The pipeline could not update itself: no commit gets past it.",
            gauge(pipeline_name, Metric.SELF_MUTATION_FAILED),
            0,
        ),
        (
            "pipeline-monitor-failed",
            "News of a release, or measurements of the pipeline, were lost for good; the queue has what they were of.",
            failed_queue.metric_approximate_number_of_messages_visible(
                statistic="Maximum", period=cdk.Duration.minutes(1)
            ),
            0,
        ),
    ]
    alarms = []
    for name, description, metric, threshold in wanted:
        alarm = cloudwatch.Alarm(
            scope,
            "".join(word.capitalize() for word in name.split("-")),
            alarm_name=name,
            alarm_description=f"{description} What to do: {runbook_url}/pipeline.md#{name}",
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            # Of what is not measured nothing is known: neither that it is well, nor that it has ended.
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )
        action = cloudwatch_actions.SnsAction(topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        alarms.append(alarm)
    return alarms
