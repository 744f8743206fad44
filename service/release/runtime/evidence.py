"""After the shift: did the canary prove anything? No data is never a pass.

Counts the calls that came through the alias since the deployment began, from CloudWatch: those that the new version
served, and all of them. It must not make calls of its own: only real traffic is evidence.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars import aws
from service.cars.settings import ServiceName, Setting, read
from service.release.runtime.callback import Deployment, ReleaseRefused, give_verdict
from service.release.runtime.chance import Chance, Counts

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

Seen = TypeVar("Seen")

MINUTE = timedelta(minutes=1)
ATTEMPTS = 4
SECONDS_BETWEEN_ATTEMPTS = 15
"""Metrics arrive late, but the canary's first minutes are long in: the arithmetic in canary.py sees to that."""

logger = Logger(service=ServiceName.RELEASE)


@functools.cache
def cloudwatch() -> CloudWatchClient:
    return aws.client("cloudwatch")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """`event` is CodeDeploy's {"DeploymentId", "LifecycleEventHookExecutionId"}."""
    give_verdict(event, _examine)


def _examine(deployment: Deployment) -> None:
    judge_all_calls(deployment)


def judge_all_calls(deployment: Deployment) -> None:
    """Raises ReleaseRefused when what CloudWatch has counted since the deployment began speaks against it."""
    seen = _collect(deployment.began)
    logger.info("evidence", calls=seen.new_calls, errors=seen.new_errors, since=deployment.began.isoformat())
    minimum = int(read(Setting.MINIMUM_CALLS))
    if seen.new_calls < minimum:
        raise ReleaseRefused(
            f"The new version was called {seen.new_calls:g} times during its canary, fewer than {minimum}: "
            "that proves nothing. Is the prober running?"
        )
    if finding := beyond_chance(seen, Setting.CHANCE):
        raise ReleaseRefused(f"{finding}.")


def beyond_chance(seen: Counts, setting: Setting) -> str | None:
    """What chance does not explain, in words; None when it explains all. `setting` has the rule (chance.py)."""
    beyond = Chance(**json.loads(read(setting))).beyond(seen)
    if beyond <= 0:
        return None
    return (
        f"{seen.new_errors:g} of {seen.new_calls:g} calls of the new version failed, and "
        f"{seen.all_errors - seen.new_errors:g} of {seen.all_calls - seen.new_calls:g} of the old one: chance "
        f"explains at most {seen.new_errors - beyond:.1f}"
    )


def _collect(began: datetime) -> Counts:
    minimum = int(read(Setting.MINIMUM_CALLS))
    return asked_again(lambda: _measured(began), lambda seen: seen.new_calls >= minimum, attempts=ATTEMPTS)


def asked_again(measure: Callable[[], Seen], is_enough: Callable[[Seen], bool], *, attempts: int) -> Seen:
    """What `measure` answers as soon as it is enough, for metrics come late; else what it answers at last."""
    for _ in range(attempts - 1):
        seen = measure()
        if is_enough(seen):
            return seen
        time.sleep(SECONDS_BETWEEN_ATTEMPTS)
    return measure()


def _measured(began: datetime) -> Counts:
    names = ("new_calls", "new_errors", "all_calls", "all_errors")
    return Counts(**sums([calls_query(name) for name in names], began, datetime.now(UTC) + MINUTE))


def sums(queries: Sequence[MetricDataQueryTypeDef], began: datetime, ended: datetime) -> dict[str, float]:
    """What CloudWatch knows by now, by the queries' ids. Its periods are whole minutes: those in which the deployment
    began and `ended` lies count."""
    totals = dict.fromkeys((query["Id"] for query in queries), 0.0)
    pages = (
        cloudwatch()
        .get_paginator("get_metric_data")
        .paginate(
            MetricDataQueries=queries,
            StartTime=began.replace(second=0, microsecond=0),
            EndTime=ended,
        )
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            totals[result["Id"]] += sum(result["Values"])
    return totals


def calls_query(query_id: str) -> MetricDataQueryTypeDef:
    """Of all calls, or errors, that came through the alias: `query_id` is a name in Counts."""
    function_name = read(Setting.FUNCTION_NAME)
    dimensions = {"FunctionName": function_name, "Resource": f"{function_name}:{read(Setting.ALIAS_NAME)}"}
    if query_id.startswith("new_"):
        dimensions["ExecutedVersion"] = read(Setting.FUNCTION_VERSION)
    name = "Errors" if query_id.endswith("errors") else "Invocations"
    return metric_query(query_id, "AWS/Lambda", name, dimensions, statistic="Sum")


def metric_query(
    query_id: str, namespace: str, name: str, dimensions: Mapping[str, str], *, statistic: str
) -> MetricDataQueryTypeDef:
    """A metric by the minute, as GetMetricData asks for it."""
    return {
        "Id": query_id,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            },
            "Period": 60,
            "Stat": statistic,
        },
    }
