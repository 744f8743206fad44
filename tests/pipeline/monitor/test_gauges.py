"""The gauges say how the pipeline is now, and nothing of what there is nothing of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pipeline.monitor.runtime.gauges import delivery_gauges, state_gauges
from pipeline.monitor.runtime.settings import Metric
from tests.pipeline.executions.stories import BEGINNING, PROD, Narrator

NOW = BEGINNING + timedelta(hours=2)


def state(*stages: tuple[str, str, list[dict[str, Any]]]) -> dict[str, Any]:
    """GetPipelineState's answer."""
    return {
        "stageStates": [
            {
                "stageName": name,
                "latestExecution": {"pipelineExecutionId": "e", "status": status},
                "actionStates": [{"actionName": f"a{number}", **action} for number, action in enumerate(actions)],
            }
            for name, status, actions in stages
        ]
    }


def running(since: datetime, **more: str) -> dict[str, Any]:
    return {"latestExecution": {"status": "InProgress", "lastStatusChange": since, **more}}


def gauges(told: dict[str, Any]) -> dict[Metric, float]:
    return state_gauges(told, self_mutation_stage="UpdatePipeline", now=NOW)


def test_longest_running_action_and_longest_waiting_approval_are_told_apart() -> None:
    told = state(
        ("Build", "InProgress", [running(NOW - timedelta(minutes=3))]),
        ("Staging", "InProgress", [running(NOW - timedelta(minutes=9)), running(NOW - timedelta(minutes=5))]),
        ("ApproveProd", "InProgress", [running(NOW - timedelta(hours=2), token="t")]),
    )

    found = gauges(told)

    assert found[Metric.ACTION_RUNNING] == 9 * 60
    assert found[Metric.APPROVAL_WAITING] == 2 * 3600


def test_pipeline_at_rest_has_nothing_that_runs_or_waits() -> None:
    done = {"latestExecution": {"status": "Succeeded", "lastStatusChange": BEGINNING}}

    found = gauges(state(("UpdatePipeline", "Succeeded", [done]), ("Prod", "Succeeded", [done, {}])))

    assert found == {Metric.ACTION_RUNNING: 0, Metric.APPROVAL_WAITING: 0, Metric.SELF_MUTATION_FAILED: 0}


def test_self_mutation_that_failed_is_seen_until_one_succeeds() -> None:
    assert gauges(state(("UpdatePipeline", "Failed", [])))[Metric.SELF_MUTATION_FAILED] == 1
    assert gauges(state(("UpdatePipeline", "Succeeded", [])))[Metric.SELF_MUTATION_FAILED] == 0
    assert gauges({"stageStates": []})[Metric.SELF_MUTATION_FAILED] == 0


def test_figures_are_in_the_units_of_their_metrics() -> None:
    narrator = Narrator()
    narrator.released(10)
    narrator.fails_in_prod_and_is_rolled_back(10)

    found = delivery_gauges(narrator.executions, prod_stage=PROD, now=narrator.now)

    assert found == {
        Metric.DEPLOYMENTS_PER_WEEK: 7 / 30,
        Metric.LEAD_TIME: 41 * 60,
        Metric.CHANGE_FAILURE_RATE: 50,
        Metric.TIME_TO_RESTORE: 21 * 60,
    }


def test_figures_of_nothing_are_left_out_but_for_the_frequency() -> None:
    assert delivery_gauges([], prod_stage=PROD, now=NOW) == {Metric.DEPLOYMENTS_PER_WEEK: 0}
