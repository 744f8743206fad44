"""Names that infrastructure and functions share, and how a function reads its environment.

Both sides take the names from here. It must not read anything at import.
"""

from __future__ import annotations

import os
from enum import StrEnum

METRICS_NAMESPACE = "AutonomousCarManager"
"""The CloudWatch namespace of the service's own metrics."""


class ServiceName(StrEnum):
    """What logs, traces and metrics (dimension `service`) call the functions."""

    API = "cars-api"
    CHANGES = "cars-changes"
    NOTIFICATIONS = "cars-notifications"
    TELEMETRY = "cars-telemetry"
    MAINTENANCE = "cars-maintenance"
    PROBER = "cars-prober"
    RELEASE = "cars-release"
    CURSORS = "cars-cursors"


class Setting(StrEnum):
    """An environment variable of one of the functions."""

    CARS_TABLE_NAME = "CARS_TABLE_NAME"
    EVENT_BUS_NAME = "EVENT_BUS_NAME"
    API_URL = "API_URL"
    REQUESTS_PER_MINUTE = "REQUESTS_PER_MINUTE"
    REQUESTS_PER_MINUTE_AT_REST = "REQUESTS_PER_MINUTE_AT_REST"
    EVENTS_PER_MINUTE = "EVENTS_PER_MINUTE"
    VERSION_ARN = "VERSION_ARN"
    FUNCTION_NAME = "FUNCTION_NAME"
    EVENT_FUNCTION_NAMES = "EVENT_FUNCTION_NAMES"
    FUNCTION_VERSION = "FUNCTION_VERSION"
    ALIAS_NAME = "ALIAS_NAME"
    MINIMUM_CALLS = "MINIMUM_CALLS"
    CHANCE = "CHANCE"
    STAGE_NAME = "STAGE_NAME"
    SAMPLE_EVENT = "SAMPLE_EVENT"
    EXPECTED_ANSWER = "EXPECTED_ANSWER"
    NOTIFICATIONS_TABLE_NAME = "NOTIFICATIONS_TABLE_NAME"
    ORDERS_TABLE_NAME = "ORDERS_TABLE_NAME"
    TELEMETRY_STREAM_NAME = "TELEMETRY_STREAM_NAME"
    MAINTENANCE_QUEUE_URL = "MAINTENANCE_QUEUE_URL"
    SET_ASIDE_QUEUE_URL = "SET_ASIDE_QUEUE_URL"
    CURSOR_KEYS_ARN = "CURSOR_KEYS_ARN"
    ROUTES = "ROUTES"
    CHANCE_OF_A_ROUTE = "CHANCE_OF_A_ROUTE"


class MissingSetting(RuntimeError):
    """The function was deployed without an environment variable that it needs."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(
            f"Environment variable {setting} is not set: "
            "the function's infrastructure.py has to pass it in `environment`."
        )


def read(setting: Setting) -> str:
    """The value of the variable. Raises MissingSetting, naming it, when it is not set or empty."""
    value = os.environ.get(setting, "")
    if not value:
        raise MissingSetting(setting)
    return value
