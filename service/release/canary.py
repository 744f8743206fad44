"""A canary: the share and the time that a new version gets before all traffic, and whether that can prove anything.

It must not know how CodeDeploy or CloudWatch are defined: `release/infrastructure.py` reads the numbers from here.
The arithmetic is AWS's: alarms are evaluated once a minute, metrics arrive late ("Evaluating an alarm", CloudWatch).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

ALARM_PERIOD_SECONDS = 60
"""The finest period that the metrics of AWS/Lambda have."""

ALARM_EVALUATION_PERIODS = 3
"""N of the slowest new-version alarm (M of N): how many periods it looks at."""

METRIC_LAG_SECONDS = 180
"""How late CloudWatch may show a metric."""

MINIMUM_CALLS_PER_PERIOD = 5
"""Below so many calls in a period, an error rate of the API says nothing: the rate alarms stay silent."""

LONGEST_CANARY_MINUTES = 2880
"""CodeDeploy's quota for the time between the first and the last traffic shift."""


@dataclass(frozen=True, kw_only=True)
class Canary:
    """`percent` of the traffic goes to the new version for `minutes`, which must bring it at least `minimum_calls`.

    More than `maximum_error_percent` of its calls may not fail, in a period with `minimum_calls_per_period` or more.
    Raises ValueError when an alarm could not fire inside the window, or a number is out of CodeDeploy's range.
    """

    percent: int
    minutes: int
    minimum_calls: int
    minimum_calls_per_period: int = MINIMUM_CALLS_PER_PERIOD
    maximum_error_percent: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.percent <= 99:
            raise ValueError(f"Canary percent is {self.percent}: CodeDeploy allows 1 to 99.")
        if not 1 <= self.minutes <= LONGEST_CANARY_MINUTES:
            raise ValueError(f"Canary minutes is {self.minutes}: CodeDeploy allows 1 to {LONGEST_CANARY_MINUTES}.")
        if self.minimum_calls < 1:
            raise ValueError(f"Canary minimum_calls is {self.minimum_calls}: at least 1, for no data is never a pass.")
        if self.minimum_calls_per_period < 1:
            raise ValueError(f"Canary minimum_calls_per_period is {self.minimum_calls_per_period}: at least 1.")
        if not 1 <= self.maximum_error_percent <= 50:
            raise ValueError(f"Canary maximum_error_percent is {self.maximum_error_percent}: from 1 to 50.")
        needed_seconds = 2 * ALARM_EVALUATION_PERIODS * ALARM_PERIOD_SECONDS + METRIC_LAG_SECONDS
        if self.minutes * 60 < needed_seconds:
            raise ValueError(
                f"A canary of {self.minutes} min ({self.minutes * 60} s) is too short for its own alarms: "
                f"2 x {ALARM_EVALUATION_PERIODS} periods x {ALARM_PERIOD_SECONDS} s + {METRIC_LAG_SECONDS} s lag "
                f"= {needed_seconds} s. Give it at least {math.ceil(needed_seconds / 60)} minutes."
            )

    def expected_calls(self, requests_per_minute: int) -> float:
        """How many calls the new version gets in the window, on average."""
        return requests_per_minute * self.minutes * self.percent / 100

    def likely_calls(self, requests_per_minute: int) -> float:
        """How many calls the evidence hook sees at least, but for one window in a thousand.

        Three standard deviations below the average of the minutes whose metrics are in by then. Weights are drawn per
        request ("Lambda function alias routing"), so the number is binomial.
        """
        seen = requests_per_minute * self._seen_minutes * self.percent / 100
        return seen - 3 * math.sqrt(seen * (1 - self.percent / 100))

    @property
    def _seen_minutes(self) -> int:
        return self.minutes - METRIC_LAG_SECONDS // 60

    def check_sample(self, requests_per_minute: int) -> None:
        """Raises ValueError, with the numbers, when the promised traffic is too little to judge a new version by."""
        likely = self.likely_calls(requests_per_minute)
        if likely < self.minimum_calls:
            raise ValueError(
                f"{requests_per_minute} requests/min x {self.percent} % x {self._seen_minutes} min ({self.minutes} "
                f"without {METRIC_LAG_SECONDS // 60} of metric lag) = "
                f"{requests_per_minute * self.percent / 100 * self._seen_minutes:.0f} expected calls of the new "
                f"version, {max(likely, 0):.0f} with bad luck (3 sigma), but minimum_calls is {self.minimum_calls}: "
                "raise the traffic, the percent or the minutes, or ask for fewer calls."
            )
        calls_per_period = requests_per_minute * ALARM_PERIOD_SECONDS / 60 * self.percent / 100
        if calls_per_period < self.minimum_calls_per_period:
            raise ValueError(
                f"{requests_per_minute} requests/min x {self.percent} % = {calls_per_period:.1f} calls of the new "
                f"version per period, but its error-rate alarms need {self.minimum_calls_per_period}: they could not "
                "fire. Raise the traffic or the percent."
            )
