"""How the pipeline is now, in numbers: what waits, what runs too long, and DORA's four figures.

In: GetPipelineState's answer, executions, the time. Out: a number for each metric that has one. It is pure, and must
not send anything. Source: CodePipeline API reference, GetPipelineState (ActionExecution, StageExecution).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pipeline.executions.execution import Execution
from pipeline.executions.figures import NO_SHIFTS, Shifts, figures
from pipeline.monitor.runtime.settings import DAYS, Metric

_IN_PROGRESS, _FAILED = "InProgress", "Failed"


def delivery_gauges(
    executions: Iterable[Execution], *, prod_stage: str, now: datetime, shifts: Shifts = NO_SHIFTS
) -> dict[Metric, float]:
    """Of the last DAYS. Times are in seconds, the rate in percent; what there is nothing of is left out.

    `shifts` are those of failed changes of prod, by their executions.
    """
    found = figures(executions, stage=prod_stage, since=now - timedelta(days=DAYS), until=now, shifts=shifts)
    gauges = {
        Metric.DEPLOYMENTS_PER_WEEK: found.deployments_per_week,
        Metric.LEAD_TIME: found.lead_time.total_seconds() if found.lead_time is not None else None,
        Metric.CHANGE_FAILURE_RATE: 100 * found.failure_rate if found.failure_rate is not None else None,
        Metric.TIME_TO_RESTORE: found.time_to_restore.total_seconds() if found.time_to_restore is not None else None,
    }
    return {metric: value for metric, value in gauges.items() if value is not None}


def state_gauges(state: Mapping[str, Any], *, self_mutation_stage: str, now: datetime) -> dict[Metric, float]:
    """`state` is GetPipelineState's answer. An open approval is known by its token; times are in seconds."""
    running, waiting = [0.0], [0.0]
    for stage in state["stageStates"]:
        for action in stage["actionStates"]:
            latest = action.get("latestExecution", {})
            if latest.get("status") == _IN_PROGRESS:
                seconds = (now - latest["lastStatusChange"]).total_seconds()
                (waiting if "token" in latest else running).append(seconds)
    statuses = {stage["stageName"]: stage.get("latestExecution", {}).get("status") for stage in state["stageStates"]}
    return {
        Metric.ACTION_RUNNING: max(running),
        Metric.APPROVAL_WAITING: max(waiting),
        Metric.SELF_MUTATION_FAILED: float(statuses.get(self_mutation_stage) == _FAILED),
    }
