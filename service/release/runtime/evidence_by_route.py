"""After the shift of a function behind routes: the evidence of all its calls, and of each route by itself.

A fault of one route is little among the calls of all; over a whole canary it is much of that route's. The function
counts calls and faults by route and version (service/cars/route_faults.py). Where those counts do not account for the
calls that Lambda has counted, nothing is known of the routes, and no data is never a pass. A route that nobody called
says nothing for or against the version. It must not make calls of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from service.cars import route_faults
from service.cars.settings import METRICS_NAMESPACE, ServiceName, Setting, read
from service.release.runtime.callback import Deployment, ReleaseRefused, give_verdict
from service.release.runtime.chance import Counts
from service.release.runtime.evidence import (
    asked_again,
    beyond_chance,
    calls_query,
    judge_all_calls,
    metric_query,
    sums,
)

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

SHARE_THAT_TELLS = 0.9
"""Of the new version's calls, so many have to have told their routes: some are told later than they are counted, and
one that Lambda ended for its time tells nothing."""

ATTEMPTS = 13
"""Three minutes in all: what logs tell is late, as any metric may be (METRIC_LAG_SECONDS in canary.py)."""

CALLED = "new_calls"
STATISTICS = {"calls": "SampleCount", "errors": "Sum"}

logger = Logger(service=ServiceName.RELEASE)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> None:
    """`event` is CodeDeploy's {"DeploymentId", "LifecycleEventHookExecutionId"}."""
    give_verdict(event, _examine)


def _examine(deployment: Deployment) -> None:
    judge_all_calls(deployment)
    called, by_route = _collect(deployment.began)
    logger.info("evidence by route", routes={route: vars(seen) for route, seen in by_route.items()})
    if not _have_told(called, by_route):
        raise ReleaseRefused(
            f"Only {_told(by_route):g} of {called:g} calls of the new version have told their routes "
            f"(metric {route_faults.FAULTS}): what some route does is not known."
        )
    findings = [
        f"{route}: {finding}"
        for route, seen in by_route.items()
        if (finding := beyond_chance(seen, Setting.CHANCE_OF_A_ROUTE)) is not None
    ]
    if findings:
        raise ReleaseRefused(f"{'; '.join(findings)}.")


def _collect(began: datetime) -> tuple[float, Mapping[str, Counts]]:
    """The new version's calls, and those of each route. Asks again while too few have told theirs, for late metrics.

    Both of the same minutes, and of no later ones: the new version has all traffic by now, and calls that come while
    the hook waits would stand in for those that have told nothing.
    """
    ended = datetime.now(UTC)
    return asked_again(lambda: _measured(began, ended), lambda seen: _have_told(*seen), attempts=ATTEMPTS)


def _have_told(called: float, by_route: Mapping[str, Counts]) -> bool:
    return _told(by_route) >= SHARE_THAT_TELLS * called


def _told(by_route: Mapping[str, Counts]) -> float:
    return sum(seen.new_calls for seen in by_route.values())


def _measured(began: datetime, ended: datetime) -> tuple[float, Mapping[str, Counts]]:
    routes: list[str] = json.loads(read(Setting.ROUTES))
    of_routes = [query for place, route in enumerate(routes) for query in _queries(place, route)]
    totals = sums([*of_routes, calls_query(CALLED)], began, ended)
    return totals[CALLED], {
        route: Counts(
            **{name: totals[f"{name}_{place}"] for name in ("new_calls", "new_errors", "all_calls", "all_errors")}
        )
        for place, route in enumerate(routes)
    }


def _queries(place: int, route: str) -> Iterator[MetricDataQueryTypeDef]:
    """A route's four counts; the id of each is its name in Counts and the route's place."""
    for versions, version in (("new", read(Setting.FUNCTION_VERSION)), ("all", None)):
        dimensions = route_faults.dimensions(read(Setting.FUNCTION_NAME), route, version=version)
        for counted, statistic in STATISTICS.items():
            query_id = f"{versions}_{counted}_{place}"
            yield metric_query(query_id, METRICS_NAMESPACE, route_faults.FAULTS, dimensions, statistic=statistic)
