"""Names that the monitor's infrastructure and its function share, and how the function reads its environment.

It must not read anything at import.
"""

from __future__ import annotations

import os
from enum import StrEnum

METRICS_NAMESPACE = "ReleasePipeline"
PIPELINE_DIMENSION = "pipeline"
DAYS = 30
"""The span of the figures: long enough for some releases, short enough to see a change."""


class Metric(StrEnum):
    """Gauges: each says how it is now, so that a measurement more or less changes nothing."""

    DEPLOYMENTS_PER_WEEK = "DeploymentsPerWeek"
    LEAD_TIME = "LeadTime"
    CHANGE_FAILURE_RATE = "ChangeFailureRate"
    TIME_TO_RESTORE = "TimeToRestore"
    ACTION_RUNNING = "LongestRunningAction"
    APPROVAL_WAITING = "LongestWaitingApproval"
    SELF_MUTATION_FAILED = "SelfMutationFailed"


class Setting(StrEnum):
    """An environment variable of the function."""

    PIPELINE_NAME = "PIPELINE_NAME"
    PROD_STAGE = "PROD_STAGE"
    STAGES = "STAGES"
    SELF_MUTATION_STAGE = "SELF_MUTATION_STAGE"
    TOPIC_ARN = "TOPIC_ARN"
    APPROVAL_TIMEOUT_HOURS = "APPROVAL_TIMEOUT_HOURS"
    RUNBOOK_URL = "RUNBOOK_URL"


class MissingSetting(RuntimeError):
    """The function was deployed without an environment variable that it needs."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(
            f"Environment variable {setting} is not set: pipeline/monitor/infrastructure.py has to pass it."
        )


def read(setting: Setting) -> str:
    """The value of the variable. Raises MissingSetting, naming it, when it is not set or empty."""
    value = os.environ.get(setting, "")
    if not value:
        raise MissingSetting(setting)
    return value
