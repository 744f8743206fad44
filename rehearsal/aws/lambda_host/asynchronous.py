"""Lambda's queue of asynchronous events: accepted at once, run in the background, tried again, and sent on when over.

In: events of SNS, EventBridge, S3 and of Invoke with type Event. Out: attempts, their metrics, and an `EndedEvent` to
deliver. The source of an event has its answer as soon as the event is accepted, so nobody else tries it again.

Waits between attempts are waits on the run's clock. An attempt, and the delivery at the end, is work that the AWS
minute in which it began waits for; what is only waiting is not. It must not choose versions, nor run or send anything
itself. Source: "Invoking a Lambda function asynchronously".
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.lambda_host.clock_waits import ClockWaits
from rehearsal.aws.lambda_host.event_invoke_config import Condition, EventInvokeConfig
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from rehearsal.aws.lambda_host.invocation_record import EndedEvent
from rehearsal.aws.lambda_host.metrics import InvocationMetrics
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Clock, ClockClosed

During = Callable[[], AbstractContextManager[object]]
log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Event:
    """`function` is qualified as it was invoked; `accepted_at` is AWS time."""

    function: FunctionArn
    request_id: str
    payload: bytes
    accepted_at: float


class AsynchronousInvocations:
    """See the module. `accept` may be called from any thread.

    `attempt` runs an event once, with the version drawn anew; `config_of` reads a qualifier's settings.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        attempt: Callable[[Event], Awaitable[InvocationResult]],
        config_of: Callable[[FunctionArn], Awaitable[EventInvokeConfig]],
        deliver: Callable[[EndedEvent], Awaitable[None]],
        metrics: InvocationMetrics,
    ) -> None:
        self._clock = clock
        self._loop = loop
        self._attempt = attempt
        self._config_of = config_of
        self._deliver = deliver
        self._metrics = metrics
        self._waits = ClockWaits(clock, loop)
        self._pending: set[Event] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    def accept(
        self, function: FunctionArn, payload: bytes, *, request_id: str, during: During | None = None
    ) -> concurrent.futures.Future[InvocationResult]:
        """Takes an event; the future has its last attempt's result, or ClockClosed when the run ended first.

        Each attempt runs inside `during()`; without it, as work of the AWS minute in which it begins.
        """
        event = Event(function, request_id, payload, self._clock.now())
        self._metrics.record_asynchronous(function, "AsyncEventsReceived", at=event.accepted_at)
        self._pending.add(event)
        return asyncio.run_coroutine_threadsafe(self._process(event, during or self._work(function)), self._loop)

    def pending(self) -> list[Event]:
        """The events that have been accepted and have not ended."""
        return list(self._pending)

    async def close(self) -> None:
        """Ends what is pending at once; nothing of it goes to a destination."""
        self._waits.close()
        if self._pending:
            functions = ", ".join(sorted({event.function.name for event in self._pending}))
            log.warning("The run ended with %d asynchronous events pending, of %s.", len(self._pending), functions)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _process(self, event: Event, during: During) -> InvocationResult:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            result = await self._run_to_its_end(event, during)
        except ClockClosed:
            raise
        except asyncio.CancelledError as exc:  # by `close`
            raise ClockClosed from exc
        except (ClientError, BotoCoreError, RehearsalError) as exc:
            # A stack that has its custom resource's answer may be deleted at once, with the function.
            level = logging.INFO if _is_gone(exc) else logging.WARNING
            log.log(level, "The asynchronous event %s of %s was dropped: %s", event.request_id, event.function, exc)
            self._metrics.record_asynchronous(event.function, "AsyncEventsDropped", at=self._clock.now())
            self._pending.discard(event)
            raise
        finally:
            self._tasks.discard(task)
        self._pending.discard(event)
        return result

    async def _run_to_its_end(self, event: Event, during: During) -> InvocationResult:
        attempts = 0
        while True:
            with during():
                now = self._clock.now()
                self._metrics.record_asynchronous(
                    event.function, "AsyncEventAge", value=(now - event.accepted_at) * 1000, unit="Milliseconds", at=now
                )
                result = await self._attempt(event)
                attempts += 1
                step = (await self._config_of(event.function)).after_attempt(
                    attempts,
                    is_error=result.function_error is not None,
                    age_seconds=self._clock.now() - event.accepted_at,
                )
                if step.condition is not None and not step.after_seconds:
                    await self._end(event, step.condition, attempts, result)
                    return result
            await self._waits.sleep(step.after_seconds)
            if step.condition is not None:
                with during():
                    await self._end(event, step.condition, attempts, result)
                return result

    async def _end(self, event: Event, condition: Condition, attempts: int, result: InvocationResult) -> None:
        now = self._clock.now()
        if condition is not Condition.SUCCESS:
            self._metrics.record_asynchronous(event.function, "AsyncEventsDropped", at=now)
        await self._deliver(
            EndedEvent(event.function, event.request_id, event.payload, condition, attempts, result, ended_at=now)
        )

    def _work(self, function: FunctionArn) -> During:
        """The work of the first attempt begins now: the minute in which an event was accepted waits for it."""
        name = f"{function.name} (asynchronous)"
        begun = [self._clock.begin_work(name)]
        return lambda: begun.pop() if begun else self._clock.begin_work(name)


def _is_gone(error: Exception) -> bool:
    """Whether what was asked for, a function, is not there any more."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    return code == "ResourceNotFoundException"
