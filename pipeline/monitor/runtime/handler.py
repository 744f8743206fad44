"""Measures the pipeline, and tells its release managers what is news.

An event of CodePipeline or CodeDeploy, or the schedule, is only the bell: the numbers come from what both services and
CloudWatch know, so that an event that is late, lost or comes twice falsifies none. It must not change anything, and
keeps nothing but what it has read. What fails is tried again by Lambda and then kept in a queue with an alarm; only
that a stage could not be read fails nothing, and is said.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import botocore.session
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.executions.execution import ExecutionType
from pipeline.executions.failed_shifts import FailedShifts
from pipeline.executions.figures import LONGEST_EXECUTION
from pipeline.executions.record import Record
from pipeline.monitor.runtime.gathering import impacts_of
from pipeline.monitor.runtime.gauges import delivery_gauges, state_gauges
from pipeline.monitor.runtime.news import NO_IMPACTS, Message, Place, is_told_with_impacts, news_of
from pipeline.monitor.runtime.settings import DAYS, METRICS_NAMESPACE, PIPELINE_DIMENSION, Metric, Setting, read
from pipeline.monitor.runtime.stages import connect_to, parse_stages
from pipeline.shifts.reader import Connect

if TYPE_CHECKING:
    from mypy_boto3_codepipeline import CodePipelineClient
    from mypy_boto3_sns import SNSClient

UNITS = {
    Metric.DEPLOYMENTS_PER_WEEK: MetricUnit.Count,
    Metric.LEAD_TIME: MetricUnit.Seconds,
    Metric.CHANGE_FAILURE_RATE: MetricUnit.Percent,
    Metric.TIME_TO_RESTORE: MetricUnit.Seconds,
    Metric.ACTION_RUNNING: MetricUnit.Seconds,
    Metric.APPROVAL_WAITING: MetricUnit.Seconds,
    Metric.SELF_MUTATION_FAILED: MetricUnit.Count,
}
CODEPIPELINE = "aws.codepipeline"
PATIENCE = timedelta(minutes=1)
"""For the shifts of failed changes: what is news waits for them, and a function that times out forgets what it read."""

logger = Logger(service="release-pipeline")


@functools.cache
def codepipeline() -> CodePipelineClient:
    client: Any = botocore.session.get_session().create_client("codepipeline")
    return client  # type: ignore[no-any-return]


@functools.cache
def sns() -> SNSClient:
    client: Any = botocore.session.get_session().create_client("sns")
    return client  # type: ignore[no-any-return]


@functools.cache
def record() -> Record:
    """Kept between invocations: what is over was read before."""
    return Record(codepipeline(), read(Setting.PIPELINE_NAME))


@functools.cache
def failed_shifts() -> FailedShifts:
    """Likewise."""
    prod = read(Setting.PROD_STAGE)
    return FailedShifts(connects()[prod], prod, patience=PATIENCE)


def connects() -> dict[str, Connect]:
    """By stage, how to get clients of its account: asked only for what there is to read there."""
    return {name: functools.partial(connect_to, place) for name, place in parse_stages(read(Setting.STAGES)).items()}


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`event` is EventBridge's: a state change of CodePipeline or CodeDeploy, or a schedule's.

    Answers the subject that was told.
    """
    now = datetime.now(UTC)
    message = _news(event, now) if event["source"] == CODEPIPELINE else None
    _send(_gauges(now))
    # Last: what fails is tried again from the start, and a measurement may come twice where a message should not.
    if message is not None:
        sns().publish(TopicArn=read(Setting.TOPIC_ARN), Subject=message.subject, Message=message.text)
        logger.info("told", subject=message.subject)
    return {"told": message.subject if message is not None else None}


def _news(event: Mapping[str, Any], now: datetime) -> Message | None:
    """Raises UnknownExecution where CodePipeline does not list it (yet)."""
    execution = record().find(event["detail"]["execution-id"], since=now - timedelta(days=DAYS))
    place = Place(
        pipeline=read(Setting.PIPELINE_NAME),
        prod_stage=read(Setting.PROD_STAGE),
        region=event["region"],
        runbook_url=read(Setting.RUNBOOK_URL),
        approval_timeout=timedelta(hours=int(read(Setting.APPROVAL_TIMEOUT_HOURS))),
    )
    impacts = NO_IMPACTS
    if is_told_with_impacts(event, execution):
        is_rollback = execution.type is ExecutionType.ROLLBACK
        before = record().since(now - timedelta(days=DAYS)) if is_rollback else []
        impacts = impacts_of(execution, before, connects(), now=now)
    return news_of(event, execution, place, impacts)


def _gauges(now: datetime) -> dict[Metric, float]:
    executions = record().since(now - timedelta(days=DAYS) - LONGEST_EXECUTION)
    shifts = failed_shifts().of(executions, now=now)
    if failed_shifts().problem:
        logger.warning(failed_shifts().problem)
    state = codepipeline().get_pipeline_state(name=read(Setting.PIPELINE_NAME))
    return {
        **delivery_gauges(
            executions,
            prod_stage=read(Setting.PROD_STAGE),
            now=now,
            shifts=shifts,
        ),
        **state_gauges(state, self_mutation_stage=read(Setting.SELF_MUTATION_STAGE), now=now),
    }


def _send(gauges: Mapping[Metric, float]) -> None:
    metrics = EphemeralMetrics(namespace=METRICS_NAMESPACE)
    metrics.add_dimension(name=PIPELINE_DIMENSION, value=read(Setting.PIPELINE_NAME))
    for metric, value in gauges.items():
        metrics.add_metric(name=metric, unit=UNITS[metric], value=value)
    metrics.flush_metrics()
