"""Delivers what EventBridge rules have matched, as EventBridge does: as a service that the target's policy must allow,
or, to an event bus, with the target's role.

An answer of 429 or 5xx is tried again, as the target's RetryPolicy says; anything else, and what is over, goes to the
target's dead-letter queue. It must not match events, nor know how a target gets here (rule_targets.py).
Sources: "How EventBridge retries delivering events", "Using dead-letter queues to process undelivered events",
"EventBridge metrics". AWS does not say how long the waits between attempts are: here they double from a second. Nor
does it say which code an input has that is no JSON though it has to be, because the target is a function or the
template an object: here INVALID_PARAMETER, without another attempt.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.eventbridge.event_buses import EventBuses
from rehearsal.aws.eventbridge.retry import LONGEST_WAIT_SECONDS, is_worth_another
from rehearsal.aws.eventbridge.rule_targets import MatchedEvent
from rehearsal.aws.eventbridge.target_input import is_json
from rehearsal.aws.iam.service_principal import Refused, ServicePrincipal
from rehearsal.aws.lambda_host.metrics import MetricSink
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Clock, ClockClosed

log = logging.getLogger(__name__)


class Undelivered(RehearsalError):
    """The attempts at a target are used up, or the event is too old; `condition` names which."""

    def __init__(self, error: ClientError, attempts: int, condition: str) -> None:
        super().__init__(str(error))
        self.code = str(error.response.get("Error", {}).get("Code", ""))
        self.retries = attempts - 1
        self.condition = condition


class EventDelivery:
    """See the module. `events` is the principal `events.amazonaws.com`, `buses` puts events on buses."""

    def __init__(self, clock: Clock, events: ServicePrincipal, metrics: MetricSink, buses: EventBuses) -> None:
        self._clock = clock
        self._events = events
        self._buses = buses
        self._metrics = metrics

    def begin(self, matched: MatchedEvent) -> None:
        """Takes an event and returns; the AWS minute waits for the first attempt."""
        work = self._clock.begin_work(f"{_rule_name(matched)[-1]} → {matched.target_arn.rpartition(':')[2]}")
        threading.Thread(target=self._deliver, args=(matched, work.done), name="event-delivery", daemon=True).start()

    def _deliver(self, matched: MatchedEvent, first_attempt_done: Callable[[], None]) -> None:
        self._count(matched, "TriggeredRules")
        try:
            self._attempt_until_delivered(matched, first_attempt_done)
        except (Refused, Undelivered) as exc:
            self._count(matched, "FailedInvocations")
            log.warning("The rule %s could not deliver: %s", matched.rule_arn, exc)
            self._send_to_dead_letters(matched, exc)
        except ClockClosed:
            log.warning("The run ended before the rule %s had delivered to %s.", matched.rule_arn, matched.target_arn)
        except BotoCoreError as exc:  # the local AWS has ended
            log.warning("The rule %s could not reach %s: %s", matched.rule_arn, matched.target_arn, exc)
        finally:
            first_attempt_done()

    def _attempt_until_delivered(self, matched: MatchedEvent, first_attempt_done: Callable[[], None]) -> None:
        began, attempts, wait = self._clock.now(), 0, 1.0
        while True:
            self._count(matched, "InvocationAttempts")
            try:
                self._attempt(matched)
            except ClientError as exc:
                attempts += 1
                if not is_worth_another(exc):
                    raise Refused(str(exc.response.get("Error", {}).get("Code", "")), str(exc)) from exc
                if attempts > matched.retry_attempts:
                    raise Undelivered(exc, attempts, "MaximumRetryAttempts") from exc
                if self._clock.now() + wait - began > matched.maximum_age_seconds:
                    raise Undelivered(exc, attempts, "MaximumEventAgeInSeconds") from exc
                first_attempt_done()
                self._clock.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
            else:
                self._count(matched, "Invocations")
                return

    def _attempt(self, matched: MatchedEvent) -> None:
        arn, source = matched.target_arn, matched.rule_arn
        service = arn.split(":")[2]
        if (matched.has_to_be_json or service == "lambda") and not is_json(matched.payload):
            raise Refused("INVALID_PARAMETER", f"What the input template made for {arn} is no JSON: {matched.payload}")
        match service:
            case "sns":
                self._events.publish(arn, matched.payload, source_arn=source)
            case "sqs":
                self._events.send_message(arn, matched.payload, source_arn=source)
            case "lambda":
                self._events.invoke(arn, matched.payload, source_arn=source)
            case "events":
                self._buses.put(arn, matched.event, role_arn=matched.role_arn, source_arn=source)
            case _:
                raise Refused("INVALID_PARAMETER", f"The local run delivers to no target of {service} ({arn}).")

    def _send_to_dead_letters(self, matched: MatchedEvent, error: Refused | Undelivered) -> None:
        if not matched.dead_letter_arn:
            return
        texts = {
            "RULE_ARN": matched.rule_arn,
            "TARGET_ARN": matched.target_arn,
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error),
        }
        if isinstance(error, Undelivered):
            texts |= {"EXHAUSTED_RETRY_CONDITION": error.condition, "RETRY_ATTEMPTS": str(error.retries)}
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
        try:
            self._events.send_message(
                matched.dead_letter_arn, matched.event, source_arn=matched.rule_arn, attributes=attributes
            )
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            log.warning("The event could not be sent to the dead-letter queue of %s: %s", matched.rule_arn, exc)
            self._count(matched, "InvocationsFailedToBeSentToDlq")
        else:
            self._count(matched, "InvocationsSentToDlq")

    def _count(self, matched: MatchedEvent, name: str) -> None:
        _, _, _, region, account, _ = matched.rule_arn.split(":", 5)
        *bus, rule = _rule_name(matched)
        dimensions = {"RuleName": rule, **({"EventBusName": bus[0]} if bus else {})}
        self._metrics.put_metric(account, region, "AWS/Events", name, dimensions, 1.0, unit="Count")


def _rule_name(matched: MatchedEvent) -> list[str]:
    """`rule/{name}` on the default bus, `rule/{bus}/{name}` on any other: [bus, name] or [name]."""
    return matched.rule_arn.split("/")[1:]
