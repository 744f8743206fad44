"""A queue's mapping at work: receives messages, invokes, deletes what succeeded, and leaves the rest to the queue.

The queue itself counts receives and moves messages to its dead-letter queue. What failed becomes visible when its
visibility timeout is over on the run's clock (the emulator's queue knows wall time only, and is told then). It must
not know how many times a message was received. Sources: "Using Lambda with Amazon SQS" and "Handling errors for an SQS
event source in Lambda".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.event_sources.batch import reported_failures
from rehearsal.aws.event_sources.bell import Bell, wall_seconds
from rehearsal.aws.event_sources.execution_role import ExecutionRoles
from rehearsal.aws.event_sources.mapping import EventSourceMapping
from rehearsal.aws.event_sources.records import sqs_record
from rehearsal.aws.event_sources.surroundings import Surroundings
from rehearsal.aws.lambda_host.function import InvocationResult
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Work

IDLE_SECONDS = 0.5
FIRST_CONCURRENCY = 5
"""With how many batches at once Lambda begins; it scales up from there, this machine does not."""
_AFTER_ERROR_SECONDS = 1.0
_LARGEST_RECEIVE = 10
log = logging.getLogger(__name__)

Message = dict[str, Any]


@dataclass(frozen=True)
class Returning:
    """Messages that become visible at an AWS time."""

    at: float
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class QueueState:
    """What a mapping's next poller has to bring back to the queue."""

    returning: tuple[Returning, ...] = ()


class QueuePoller:
    """See the module. `queue_owner` may change visibility: a client of the root of the queue's account."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        state: QueueState,
        roles: ExecutionRoles,
        queue_owner: Any,
        surroundings: Surroundings,
    ) -> None:
        self._mapping = mapping
        self._roles = roles
        self._queue_owner = queue_owner
        self._around = surroundings
        self._clock = surroundings.clock
        account, _ = mapping.source_place
        queue = mapping.source_arn.rpartition(":")[2]
        self._url = f"{queue_owner.meta.endpoint_url}/{account}/{queue}"
        self._bell = Bell(surroundings.clock, f"poll of {queue} for {mapping.function.name}")
        self._stop = threading.Event()
        concurrency = min(mapping.maximum_concurrency or FIRST_CONCURRENCY, FIRST_CONCURRENCY)
        self._free = threading.Semaphore(concurrency)
        self._invoking: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._returning = list(state.returning)
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name=f"poll of {queue}", daemon=True)

    def start(self) -> None:
        """Raises botocore's ClientError, with nothing started, where the role may not read the queue."""
        self._visibility_seconds()
        self._thread.start()

    def ring(self) -> None:
        self._bell.ring()

    def stop(self) -> None:
        self._stop.set()
        self._bell.close()

    def join(self, timeout: float | None = None) -> QueueState:
        """Waits until nothing runs any more."""
        self._thread.join(timeout)
        for thread in list(self._invoking):
            thread.join(timeout)
        return QueueState(tuple(self._returning))

    def _run(self) -> None:
        work: Work | None = None
        while not self._stop.is_set():
            self._return_due()
            if not self._free.acquire(timeout=self._pause_seconds()):
                _done(work)
                work = None
                continue
            messages = self._receive()
            if messages:
                self._begin(messages)
                continue
            self._free.release()
            _done(work)
            work = self._bell.wait(_AFTER_ERROR_SECONDS if messages is None else self._pause_seconds())
        _done(work)

    def _begin(self, messages: Sequence[Message]) -> None:
        work = self._clock.begin_work(f"messages → {self._mapping.function.name}")
        thread = threading.Thread(target=self._process, args=(messages, self._clock.now(), work), daemon=True)
        self._invoking = {known for known in self._invoking if known.is_alive()} | {thread}
        thread.start()

    def _receive(self) -> list[Message] | None:
        """A batch, or what the batching window brought; None where the queue could not be read."""
        messages: list[Message] = []
        until: float | None = None
        while not self._stop.is_set():
            count = min(self._mapping.batch_size - len(messages), _LARGEST_RECEIVE)
            try:
                answer = self._client().receive_message(
                    QueueUrl=self._url,
                    MaxNumberOfMessages=count,
                    MessageSystemAttributeNames=["All"],
                    MessageAttributeNames=["All"],
                    WaitTimeSeconds=0,
                )
            except (ClientError, BotoCoreError) as exc:
                self._tell(str(exc))
                return messages or None
            self._problem = ""
            received = answer.get("Messages", [])
            messages += received
            if len(messages) >= self._mapping.batch_size or not messages:
                break
            until = until or self._clock.now() + self._mapping.batching_window_seconds
            left = until - self._clock.now()
            if left <= 0:
                break
            if not received:
                self._stop.wait(wall_seconds(self._clock, left))
        return messages

    def _tell(self, problem: str) -> None:
        """Logs a reason once."""
        if problem != self._problem:
            log.warning("%s cannot be read: %s", self._mapping.source_arn, problem)
        self._problem = problem

    def _process(self, messages: Sequence[Message], received_at: float, work: Work) -> None:
        try:
            failed = self._invoke(messages)
            identifiers = {message["MessageId"] for message in failed}
            self._delete([message for message in messages if message["MessageId"] not in identifiers])
            if failed:
                self._return_later(failed, received_at)
        except (ClientError, BotoCoreError) as exc:
            log.warning("Messages of %s: %s", self._mapping.source_arn, exc)
        finally:
            self._free.release()
            work.done()

    def _invoke(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages that failed."""
        _, region = self._mapping.source_place
        records = [sqs_record(message, queue_arn=self._mapping.source_arn, region=region) for message in messages]
        try:
            result = self._around.functions.invoke(str(self._mapping.function), {"Records": records})
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            log.warning("%s could not be invoked: %s", self._mapping.function, exc)
            return messages
        return failed_messages(messages, result, reports_failures=self._mapping.reports_failures)

    def _delete(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), _LARGEST_RECEIVE):
            some = messages[start : start + _LARGEST_RECEIVE]
            entries = [{"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(some)]
            self._client().delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _return_later(self, messages: Sequence[Message], received_at: float) -> None:
        at = received_at + self._visibility_seconds()
        with self._lock:
            self._returning.append(Returning(at, tuple(messages)))

    def _return_due(self) -> None:
        with self._lock:
            due = [returning for returning in self._returning if returning.at <= self._clock.now()]
            self._returning = [returning for returning in self._returning if returning not in due]
        for message in (message for returning in due for message in returning.messages):
            try:
                self._queue_owner.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )
            except ClientError as exc:  # it was visible before, and somebody else has it, or it is gone
                log.debug("A message of %s cannot be returned: %s", self._mapping.source_arn, exc)

    def _pause_seconds(self) -> float:
        with self._lock:
            if not self._returning:
                return IDLE_SECONDS
            left = min(returning.at for returning in self._returning) - self._clock.now()
        return min(IDLE_SECONDS, wall_seconds(self._clock, left))

    def _visibility_seconds(self) -> float:
        answer = self._client().get_queue_attributes(QueueUrl=self._url, AttributeNames=["VisibilityTimeout"])
        return float(answer["Attributes"]["VisibilityTimeout"])

    def _client(self) -> Any:
        return self._roles.of(self._mapping.function).session.client("sqs")


def failed_messages(
    messages: Sequence[Message], result: InvocationResult, *, reports_failures: bool
) -> Sequence[Message]:
    """The messages that are not to be deleted: all of them after a function error, or where the function's report
    cannot be read or names a message that is not of this batch."""
    if result.function_error is not None:
        return messages
    if not reports_failures:
        return ()
    failures = reported_failures(result.payload)
    if failures is None or set(failures) - {message["MessageId"] for message in messages}:
        return messages
    return [message for message in messages if message["MessageId"] in failures]


def _done(work: Work | None) -> None:
    if work is not None:
        work.done()
