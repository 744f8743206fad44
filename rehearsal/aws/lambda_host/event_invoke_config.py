"""What Lambda does with an asynchronous event after an attempt: the rules, and the settings that change them.

It must not run, wait or send anything. Sources: "How Lambda handles errors and retries with asynchronous invocation"
(one minute before the second attempt, two before the third), `GetFunctionEventInvokeConfig` (limits and defaults).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_DEFAULT_RETRY_ATTEMPTS = 2
_DEFAULT_MAXIMUM_AGE_SECONDS = 6 * 3600
_FIRST_WAIT_SECONDS = 60.0


class Condition(StrEnum):
    """How an asynchronous event ended, as an invocation record says it."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"


@dataclass(frozen=True)
class Step:
    """What comes next, `after_seconds` of AWS time: the event's end with this condition, or another attempt."""

    after_seconds: float
    condition: Condition | None


@dataclass(frozen=True)
class EventInvokeConfig:
    """The settings of one qualifier of a function, by default Lambda's own. Destinations are ARNs, "" for none."""

    retry_attempts: int = _DEFAULT_RETRY_ATTEMPTS
    maximum_age_seconds: float = _DEFAULT_MAXIMUM_AGE_SECONDS
    on_success: str = ""
    on_failure: str = ""

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> EventInvokeConfig:
        """From an answer of GetFunctionEventInvokeConfig; what it does not set is the default."""
        retry_attempts = answer.get("MaximumRetryAttempts")
        maximum_age = answer.get("MaximumEventAgeInSeconds")
        destinations = answer.get("DestinationConfig") or {}
        return cls(
            retry_attempts=_DEFAULT_RETRY_ATTEMPTS if retry_attempts is None else int(retry_attempts),
            maximum_age_seconds=_DEFAULT_MAXIMUM_AGE_SECONDS if maximum_age is None else float(maximum_age),
            on_success=(destinations.get("OnSuccess") or {}).get("Destination") or "",
            on_failure=(destinations.get("OnFailure") or {}).get("Destination") or "",
        )

    def destination(self, condition: Condition) -> str:
        return self.on_success if condition is Condition.SUCCESS else self.on_failure

    def after_attempt(self, attempts: int, *, is_error: bool, age_seconds: float) -> Step:
        """What comes after so many attempts, the last of which ended in an error or not, for an event of this age.

        An event whose next attempt would come too late waits for its end in the queue, as on AWS.
        """
        if not is_error:
            return Step(0.0, Condition.SUCCESS)
        if attempts > self.retry_attempts:
            return Step(0.0, Condition.RETRIES_EXHAUSTED)
        wait = _FIRST_WAIT_SECONDS * attempts
        left = max(0.0, self.maximum_age_seconds - age_seconds)
        if wait >= left:
            return Step(left, Condition.EVENT_AGE_EXCEEDED)
        return Step(wait, None)
