"""After the shift: did the canary prove anything? No data is never a pass.

Counts the calls that came through the alias and were served by the new version since the deployment began, from
CloudWatch. It must not make calls of its own: only real traffic is evidence.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars import aws
from service.cars.settings import ServiceName, Setting, read
from service.release.runtime.callback import Deployment, ReleaseRefused, give_verdict

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

MINUTE = timedelta(minutes=1)
ATTEMPTS = 4
SECONDS_BETWEEN_ATTEMPTS = 15
"""Metrics arrive late, but the canary's first minutes are long in: the arithmetic in canary.py sees to that."""

logger = Logger(service=ServiceName.RELEASE)


@dataclass(frozen=True)
class Evidence:
    calls: int
    errors: int


@functools.cache
def cloudwatch() -> CloudWatchClient:
    return aws.client("cloudwatch")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """`event` is CodeDeploy's {"DeploymentId", "LifecycleEventHookExecutionId"}."""
    give_verdict(event, _examine)


def _examine(deployment: Deployment) -> None:
    evidence = _collect(deployment.began)
    logger.info("evidence", calls=evidence.calls, errors=evidence.errors, since=deployment.began.isoformat())
    _judge(evidence)


def _collect(began: datetime) -> Evidence:
    """Asks again while there is too little, for late metrics."""
    for _ in range(ATTEMPTS - 1):
        evidence = _measured(began)
        if evidence.calls >= int(read(Setting.MINIMUM_CALLS)):
            return evidence
        time.sleep(SECONDS_BETWEEN_ATTEMPTS)
    return _measured(began)


def _judge(evidence: Evidence) -> None:
    """Raises ReleaseRefused when the new version was called too few times, or failed too often."""
    minimum = int(read(Setting.MINIMUM_CALLS))
    if evidence.calls < minimum:
        raise ReleaseRefused(
            f"The new version was called {evidence.calls} times during its canary, fewer than {minimum}: "
            "that proves nothing. Is the prober running?"
        )
    error_percent = 100 * evidence.errors / evidence.calls
    allowed = float(read(Setting.MAXIMUM_ERROR_PERCENT))
    if error_percent > allowed:
        raise ReleaseRefused(
            f"{evidence.errors} of {evidence.calls} calls of the new version failed: {error_percent:.1f} %, "
            f"more than {allowed:g} %."
        )


def _measured(began: datetime) -> Evidence:
    """What CloudWatch knows by now. Its periods are whole minutes: the one in which the deployment began counts."""
    queries = [_query("calls", "Invocations"), _query("errors", "Errors")]
    totals = {"calls": 0.0, "errors": 0.0}
    pages = (
        cloudwatch()
        .get_paginator("get_metric_data")
        .paginate(
            MetricDataQueries=queries,
            StartTime=began.replace(second=0, microsecond=0),
            EndTime=datetime.now(UTC) + MINUTE,
        )
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            totals[result["Id"]] += sum(result["Values"])
    return Evidence(calls=int(totals["calls"]), errors=int(totals["errors"]))


def _query(query_id: str, metric_name: str) -> MetricDataQueryTypeDef:
    function_name = read(Setting.FUNCTION_NAME)
    dimensions = {
        "FunctionName": function_name,
        "Resource": f"{function_name}:{read(Setting.ALIAS_NAME)}",
        "ExecutedVersion": read(Setting.FUNCTION_VERSION),
    }
    return {
        "Id": query_id,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": metric_name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }
