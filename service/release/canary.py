"""A canary: the shares and the time that a new version gets before all traffic, and whether that can prove anything.

It must not know how CodeDeploy or CloudWatch are defined: `release/infrastructure.py` reads the numbers from here. What
its alarms can see of it, and how often they are wrong, `make canary` works out from the templates.
The arithmetic is AWS's: alarms are evaluated once a minute, metrics arrive late ("Evaluating an alarm", CloudWatch).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from service.release.runtime.chance import Chance

ALARM_PERIOD_SECONDS = 60
"""The finest period that the metrics of AWS/Lambda have."""

LONG_WINDOW_MINUTES = 5
"""What the slower alarms look back on, each minute anew ("Alarm evaluation window": sliding)."""

METRIC_LAG_SECONDS = 180
"""How late CloudWatch may show a metric."""

LONGEST_CANARY_MINUTES = 2880
"""CodeDeploy's quota for the time between the first and the last traffic shift."""


@dataclass(frozen=True, kw_only=True)
class Canary:
    """`percent` of the traffic goes to the new version for `minutes`, and then all of it; or, where `is_linear`, as
    much again every `minutes` until it has all. By then it must have got at least `minimum_calls`.

    `background_percent` of a healthy version's calls may fail: more is judged by the old version's. `sees_percent` is
    a promise that `make synth` holds against the templates: a version of which so many calls more fail than of the old
    one is stopped with 95 %, at the traffic that is promised (scripts/canary). `sees_percent_of_a_route` is the same of
    one route's calls alone, of a route that each of the prober's journeys takes once; None promises nothing.
    Raises ValueError when an alarm could not fire while it lasts, or a number is out of CodeDeploy's range.
    """

    percent: int
    minutes: int
    minimum_calls: int
    is_linear: bool = False
    background_percent: float = 0.5
    sees_percent: float = 5
    sees_percent_of_a_route: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.percent <= 99:
            raise ValueError(f"Canary percent is {self.percent}: CodeDeploy allows 1 to 99.")
        if self.minutes < 1 or self.minutes_in_all > LONGEST_CANARY_MINUTES:
            raise ValueError(
                f"Canary minutes is {self.minutes}, {self.minutes_in_all} in all: from 1 to CodeDeploy's "
                f"{LONGEST_CANARY_MINUTES} in all."
            )
        if self.minimum_calls < 1:
            raise ValueError(f"Canary minimum_calls is {self.minimum_calls}: at least 1, for no data is never a pass.")
        if not 0 < self.background_percent <= 5:
            raise ValueError(f"Canary background_percent is {self.background_percent:g}: above 0, at most 5.")
        if not 0 < self.sees_percent <= 100:
            raise ValueError(f"Canary sees_percent is {self.sees_percent:g}: above 0, at most 100.")
        if self.sees_percent_of_a_route is not None and not 0 < self.sees_percent_of_a_route <= 100:
            raise ValueError(
                f"Canary sees_percent_of_a_route is {self.sees_percent_of_a_route:g}: above 0, at most 100, or None."
            )
        needed = LONG_WINDOW_MINUTES + (ALARM_PERIOD_SECONDS + METRIC_LAG_SECONDS) // 60
        if self.minutes_in_all < needed:
            raise ValueError(
                f"A canary of {self.minutes_in_all} min is too short for its own alarms: a window of "
                f"{LONG_WINDOW_MINUTES} min, one to be evaluated in and {METRIC_LAG_SECONDS // 60} of metric lag make "
                f"{needed}."
            )

    @property
    def shares(self) -> tuple[float, ...]:
        """The new version's share of the traffic (0 to 1) in each minute until it has all of it."""
        steps = range(self.percent, 100, self.percent) if self.is_linear else (self.percent,)
        return tuple(step / 100 for step in steps for _ in range(self.minutes))

    @property
    def minutes_in_all(self) -> int:
        return len(self.shares)

    def expected_calls(self, requests_per_minute: int) -> float:
        """How many calls the new version gets until it has all traffic, on average."""
        return requests_per_minute * sum(self.shares)

    def likely_calls(self, requests_per_minute: int) -> float:
        """How many calls the evidence hook sees at least, but for one release in a thousand.

        Three standard deviations below the average of the minutes whose metrics are in by then. Weights are drawn per
        request ("Lambda function alias routing"), so the number is binomial.
        """
        seen = self._seen_shares
        variance = requests_per_minute * sum(share * (1 - share) for share in seen)
        return requests_per_minute * sum(seen) - 3 * math.sqrt(variance)

    @property
    def _seen_shares(self) -> tuple[float, ...]:
        return self.shares[: self.minutes_in_all - METRIC_LAG_SECONDS // 60]

    def check_sample(self, requests_per_minute: int) -> None:
        """Raises ValueError, with the numbers, when the promised traffic is too little to judge a new version by."""
        likely = self.likely_calls(requests_per_minute)
        if likely < self.minimum_calls:
            raise ValueError(
                f"{requests_per_minute} requests/min bring the new version "
                f"{requests_per_minute * sum(self._seen_shares):.0f} calls on average in {len(self._seen_shares)} min "
                f"({self.minutes_in_all} without {METRIC_LAG_SECONDS // 60} of metric lag), {max(likely, 0):.0f} with "
                f"bad luck (3 sigma), but minimum_calls is {self.minimum_calls}: raise the traffic, the percent or the "
                "minutes, or ask for fewer calls."
            )

    @property
    def chance_in_a_minute(self) -> Chance:
        """For what breaks at once. At a prober's traffic, two errors within a minute are beyond it."""
        return self._chance(deviations=4.2, counts=1.0)

    @property
    def chance_in_a_window(self) -> Chance:
        """For what fails now and then, within LONG_WINDOW_MINUTES."""
        return self._chance(deviations=4.8, counts=1.5)

    @property
    def chance_in_all(self) -> Chance:
        """For the evidence of the whole canary, which is looked at once."""
        return self._chance(deviations=2.8, counts=1.1)

    @property
    def chance_of_a_route(self) -> Chance:
        """For the evidence of the whole canary, of each route by itself: fewer calls, and a verdict for each route."""
        return self._chance(deviations=2.5, counts=0.9)

    def _chance(self, *, deviations: float, counts: float) -> Chance:
        return Chance(deviations=deviations, counts=counts, background=self.background_percent / 100)
