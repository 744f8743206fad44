"""What may differ between two deployed copies of the service.

It must not hold values: `config.py` does, and hands them in through `ServiceStage`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.release.canary import Canary

LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653)
"""What CloudWatch Logs allows (PutRetentionPolicy)."""

ACCOUNT_REQUESTS_PER_SECOND = 10_000
ACCOUNT_BURST = 5_000
"""API Gateway's own limits of an account in a region, unless AWS has raised them ("Amazon API Gateway quotas")."""


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """`stage_name` is part of physical names; `toolchain_account` runs the e2e tests, and hears of traffic shifts in
    `toolchain_region`.

    `requests_per_minute` is what the prober sends while a new version gets its share of the traffic, so that the canary
    can be judged; `requests_per_minute_at_rest` what it sends at all other times, so that alarms always have data.
    `event_canary` is the canary of a unit that events invoke: few events and a large share, for what fails is tried
    again, half of the time by the old version, and nobody waits for it. `events_per_minute` is how many events the
    prober sends to each of them while one of their new versions gets its share, `event_calls_per_minute` how many calls
    they make at least: Lambda reads a shard once a second, and the prober sends its events within few.
    `runbook_url` is where docs/runbook is read, for the descriptions of alarms. `operators_email` is subscribed to the
    alarms and to the notifications; its owner has to confirm.
    `api_requests_per_second` and `api_burst` limit all callers of the API together (a token bucket),
    `api_requests_per_day` each API key; `firewall_requests_per_five_minutes`, when set, puts AWS WAF in front of the
    API, which limits each address.
    `is_sandbox` is for a developer's own copy, which no pipeline releases: its functions have neither versions nor
    canaries, and each change of them is live at once.
    Raises ValueError when a value is out of range, or the traffic cannot prove a canary.
    """

    stage_name: str
    canary: Canary
    event_canary: Canary
    log_retention_days: int
    toolchain_account: str
    toolchain_region: str
    runbook_url: str
    requests_per_minute: int
    requests_per_minute_at_rest: int = 14
    events_per_minute: int = 12
    event_calls_per_minute: int = 4
    operators_email: str | None = None
    api_requests_per_second: int = 100
    api_burst: int = 200
    api_requests_per_day: int = 1_000_000
    firewall_requests_per_five_minutes: int | None = None
    is_sandbox: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9]{1,15}", self.stage_name):
            raise ValueError(
                f"stage_name is {self.stage_name!r}: 2 to 16 lower-case letters and digits, a letter first, "
                "for it is part of physical names."
            )
        if self.log_retention_days not in LOG_RETENTION_DAYS:
            raise ValueError(f"log_retention_days is {self.log_retention_days}: one of {LOG_RETENTION_DAYS}.")
        if not re.fullmatch(r"\d{12}", self.toolchain_account):
            raise ValueError(f"toolchain_account is {self.toolchain_account!r}: an AWS account id has 12 digits.")
        if self.requests_per_minute < 1:
            raise ValueError(f"requests_per_minute is {self.requests_per_minute}: at least 1.")
        if not 1 <= self.requests_per_minute_at_rest <= self.requests_per_minute:
            raise ValueError(
                f"requests_per_minute_at_rest is {self.requests_per_minute_at_rest}: "
                f"from 1 to requests_per_minute, {self.requests_per_minute}."
            )
        if not self.runbook_url.startswith("https://"):
            raise ValueError(f"runbook_url is {self.runbook_url!r}: the https address of the folder docs/runbook.")
        if self.operators_email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.operators_email):
            raise ValueError(f"operators_email is {self.operators_email!r}: one e-mail address, or None.")
        self._check_api_limits()
        self.canary.check_sample(self.requests_per_minute)
        self.event_canary.check_sample(self.event_calls_per_minute)

    def _check_api_limits(self) -> None:
        """The prober sends a minute's requests at once: limits that stop it would fail every release."""
        if not self.requests_per_minute <= self.api_burst <= ACCOUNT_BURST:
            raise ValueError(
                f"api_burst is {self.api_burst}: from requests_per_minute, {self.requests_per_minute}, "
                f"which the prober sends at once, to {ACCOUNT_BURST}, an account's own limit."
            )
        is_enough = 60 * self.api_requests_per_second >= 2 * self.requests_per_minute
        if not is_enough or self.api_requests_per_second > ACCOUNT_REQUESTS_PER_SECOND:
            raise ValueError(
                f"api_requests_per_second is {self.api_requests_per_second}: enough for twice the prober's "
                f"{self.requests_per_minute} requests a minute, and at most {ACCOUNT_REQUESTS_PER_SECOND}."
            )
        if self.api_requests_per_day < 1:
            raise ValueError(f"api_requests_per_day is {self.api_requests_per_day}: at least 1.")
        firewall, probes = self.firewall_requests_per_five_minutes, 5 * self.requests_per_minute
        if firewall is not None and firewall < 2 * probes:
            raise ValueError(
                f"firewall_requests_per_five_minutes is {firewall}: at least {2 * probes}, twice what the prober sends "
                "from its address, or None for no firewall."
            )

    @property
    def e2e_role_name(self) -> str:
        return f"acs-e2e-{self.stage_name}"

    @property
    def e2e_caller_role_name(self) -> str:
        """Of the one role of the toolchain account that may become the e2e role."""
        return f"acs-e2e-caller-{self.stage_name}"

    @property
    def alarm_reader_role_name(self) -> str:
        return f"acs-alarm-reader-{self.stage_name}"

    @property
    def bake_role_name(self) -> str:
        """Of the one role of the toolchain account that may become the alarm reader."""
        return f"acs-bake-{self.stage_name}"

    @property
    def release_reader_role_name(self) -> str:
        return f"acs-release-reader-{self.stage_name}"

    @property
    def evidence_role_name(self) -> str:
        """Of the role of the toolchain account that makes the release evidence; it may become every release reader."""
        return "acs-evidence"

    @property
    def monitor_role_name(self) -> str:
        """Of the role of the toolchain account that tells how releases went; it may become every release reader."""
        return "acs-release-monitor"

    @property
    def deployments_bus_name(self) -> str:
        """Of the bus of the toolchain account that every stage tells of its traffic shifts."""
        return "acs-deployments"

    @property
    def deployments_bus_arn(self) -> str:
        place = f"{self.toolchain_region}:{self.toolchain_account}"
        return f"arn:aws:events:{place}:event-bus/{self.deployments_bus_name}"

    @property
    def deployments_rule_name(self) -> str:
        return f"acs-deployments-{self.stage_name}"

    @property
    def deployments_forwarder_role_name(self) -> str:
        """Of the role of the stage that alone may put events on that bus."""
        return f"acs-deployments-forwarder-{self.stage_name}"

    @property
    def telemetry_stream_name(self) -> str:
        """Named, as the queue below: cars and planners are configured with it, and the e2e role is granted it."""
        return f"cars-{self.stage_name}-telemetry"

    @property
    def maintenance_queue_name(self) -> str:
        return f"cars-{self.stage_name}-maintenance"

    @property
    def e2e_events_queue_name(self) -> str:
        """Of the queue where the e2e tests see the events of their own cars."""
        return f"cars-{self.stage_name}-e2e-events"
