from __future__ import annotations

from collections.abc import Callable

import pytest

from rehearsal.aws.cloudwatch.metric_store import MetricStore
from rehearsal.aws.codedeploy.canary_samples import CanarySamples
from rehearsal.aws.codedeploy.deployment import AliasShift, Creator, Deployment, DeploymentGroup, LifecycleEventName
from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.lambda_host.metrics import InvocationMetrics
from rehearsal.aws.lambda_host.traffic import TrafficCounter
from rehearsal.run_events import CanarySampled, EventLog

ACCOUNT, REGION = "111111111111", "eu-west-1"
ALIAS = FunctionArn(ACCOUNT, REGION, "api", "live")


class Minutes:
    """A clock whose minutes the test ends."""

    def every_minute(self, callback: Callable[[float], None], *, name: str, order: int) -> None:
        self.end = callback


class Sink:
    """Puts what Lambda measures into a store."""

    def __init__(self) -> None:
        self.store = MetricStore()

    def put_metric(self, account, region, namespace, name, dimensions, value, *, unit=None, at=0.0) -> None:  # type: ignore[no-untyped-def]
        from rehearsal.aws.cloudwatch.metric_store import metric_id

        self.store.put(metric_id(account, region, namespace, name, dimensions), value, at=at, unit=unit)

    def put_emf(self, account: str, region: str, line: str) -> object:
        raise AssertionError("nobody logs here")


class World:
    def __init__(self) -> None:
        self.clock, self.sink, self.traffic = Minutes(), Sink(), TrafficCounter()
        self.log = EventLog(clock_now=lambda: 0.0, wall_now=lambda: 0.0)
        self.deployment = self._deployment(Creator.CLOUDFORMATION)
        self.deployments = [self.deployment, self._deployment(Creator.ROLLBACK)]
        CanarySamples(
            self.clock,
            self.sink.store,
            self.log,
            deployments=lambda: self.deployments,
            traffic=self.traffic.snapshot,
        )

    def _deployment(self, creator: Creator) -> Deployment:
        group = DeploymentGroup(
            account=ACCOUNT, region=REGION, application="a", name="g", group_id="1", service_role_arn="r",
            config_name="c",
        )  # fmt: skip
        deployment = Deployment(
            "d-1", group, AliasShift(alias=ALIAS, from_version="1", to_version="2"), 0.0, creator=creator
        )
        deployment.events[LifecycleEventName.SHIFT].started_at = 70.0
        deployment.weight_percent = 10.0
        return deployment

    def call(self, version: str, *, at: float, is_error: bool = False) -> None:
        InvocationMetrics(self.sink).record_invocation(
            ALIAS, version, is_error=is_error, duration_ms=1.0, concurrent=1, at=at
        )

    def samples(self) -> list[CanarySampled]:
        return [event for event in self.log.events if isinstance(event, CanarySampled)]


@pytest.fixture
def world() -> World:
    return World()


def test_sample_counts_the_calls_of_both_versions_within_the_minute(world: World) -> None:
    for at in (71.0, 72.0, 130.0):
        world.call("1", at=at)
    world.call("2", at=73.0, is_error=True)
    world.call("2", at=74.0)

    world.clock.end(120.0)

    (sample,) = world.samples()
    assert (sample.aws_seconds, sample.weight_percent) == (50.0, 10.0)
    assert (sample.old_calls, sample.old_errors, sample.new_calls, sample.new_errors) == (2, 0, 2, 1)


def test_sample_counts_answers_of_500_as_errors(world: World) -> None:
    for _ in range(2):
        world.call("2", at=71.0)
        world.traffic.count(ACCOUNT, "api", "2", is_failed=True)

    world.clock.end(120.0)
    world.clock.end(180.0)

    assert [sample.new_errors for sample in world.samples()] == [2, 0]


def test_samples_end_with_the_deployment_and_its_last_minute_is_told(world: World) -> None:
    world.clock.end(60.0)
    world.deployment.ended_at = 130.0
    for minute in (120.0, 180.0, 240.0):
        world.clock.end(minute)

    assert [sample.aws_seconds for sample in world.samples()] == [50.0, 110.0]
