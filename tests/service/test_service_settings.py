from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.release.canary import Canary
from service.service_settings import ServiceSettings

SETTINGS = ServiceSettings(
    stage_name="staging",
    canary=Canary(percent=10, minutes=10, minimum_calls=30),
    event_canary=Canary(percent=50, minutes=10, minimum_calls=5),
    runbook_url="https://example.com/runbook",
    log_retention_days=14,
    toolchain_account="111111111111",
    toolchain_region="eu-west-1",
    requests_per_minute=120,
)


def test_names_of_roles_follow_the_stage() -> None:
    assert replace(SETTINGS, stage_name="prod").e2e_role_name == "acs-e2e-prod"
    assert replace(SETTINGS, stage_name="prod").alarm_reader_role_name == "acs-alarm-reader-prod"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stage_name": "Staging"}, "stage_name is 'Staging'"),
        ({"stage_name": ""}, "stage_name is ''"),
        ({"stage_name": "a-b"}, "stage_name is 'a-b'"),
        ({"log_retention_days": 10}, "log_retention_days is 10"),
        ({"toolchain_account": "1234"}, "toolchain_account is '1234'"),
        ({"requests_per_minute": 0}, "requests_per_minute is 0"),
        ({"requests_per_minute_at_rest": 0}, "requests_per_minute_at_rest is 0"),
        ({"requests_per_minute_at_rest": 121}, "requests_per_minute_at_rest is 121"),
        ({"requests_per_minute": 40}, "40 requests/min bring the new version 28 calls"),
        ({"api_burst": 119}, "api_burst is 119"),
        ({"api_burst": 5001}, "api_burst is 5001"),
        ({"api_requests_per_second": 3}, "api_requests_per_second is 3"),
        ({"api_requests_per_second": 10_001}, "api_requests_per_second is 10001"),
        ({"api_requests_per_day": 0}, "api_requests_per_day is 0"),
        ({"firewall_requests_per_five_minutes": 1199}, "firewall_requests_per_five_minutes is 1199"),
    ],
)
def test_values_that_cannot_be_are_refused_with_the_value_got(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        replace(SETTINGS, **changed)


def test_limits_of_the_api_that_let_the_prober_through_are_taken() -> None:
    replace(SETTINGS, api_burst=120, api_requests_per_second=4, firewall_requests_per_five_minutes=1200)
