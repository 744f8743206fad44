"""Goes through failure queues, message by message: reads it, finds its remedy, carries it out, then deletes it.

Nothing is deleted before it was handled. However a run ends, every other message is in its queue as before; whoever
ends it between a remedy and the deletion has that one message handled twice. It ends, whatever is in a queue and
however much comes while it runs. It must not keep what it has looked at: a queue may hold millions.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from botocore.exceptions import ClientError, ParamValidationError

from service.failures.redrive.errors import AccessRefused, MessageStays, StillFailing, UnreadableMessage
from service.failures.redrive.failure import Failure, read
from service.failures.redrive.failure_kind import FailureKind
from service.failures.redrive.failure_queue import WAIT_SECONDS, FailureQueue, Inbox, Message
from service.failures.redrive.functions import LONGEST_CALL_SECONDS
from service.failures.redrive.remedy import Aws, remedy_of

LOOK_SECONDS = 60
"""For how long a message is hidden that is only looked at; it is given back as soon as its queue was gone through."""

LATER_PER_MESSAGE, SOME_LATER = 2, 1000
"""So many messages may come while we are at a queue: each that we handled may be back, and once more by itself.

Where more come, they come from elsewhere, and perhaps faster than we read: a person has to look at that first.
"""


class Mode(StrEnum):
    LIST = "list"
    DRY_RUN = "dry run"
    REDRIVE = "redrive"


class Ending(StrEnum):
    WAITS = "waits"
    """It was looked at, and nothing was tried."""
    REDRIVEN = "redriven"
    STAYS = "stays"


@dataclass(frozen=True, kw_only=True)
class Looked:
    """One message. `failure` is None when it cannot be read; `detail` says what is done with it, or why it stays."""

    message: Message
    failure: Failure | None
    ending: Ending
    detail: str


@dataclass(kw_only=True)
class QueueResult:
    """`depth` is about how many messages waited at first; `later` how many came while we were at it.

    `is_cut_short` says that there may be messages from before which were not looked at.
    """

    queue: FailureQueue
    depth: int = 0
    later: int = 0
    is_cut_short: bool = False
    oldest: datetime | None = None
    endings: Counter[Ending] = field(default_factory=Counter)

    def add(self, looked: Looked) -> None:
        self.endings[looked.ending] += 1
        sent_at = looked.message.sent_at
        self.oldest = sent_at if self.oldest is None else min(self.oldest, sent_at)

    def count(self, ending: Ending) -> int:
        return self.endings[ending]

    @property
    def looked_at(self) -> int:
        return self.endings.total()

    @property
    def about(self) -> int:
        """How many there are to look at, as far as we know."""
        return max(self.depth, self.looked_at)


class Pace:
    """Lets at most `per_second` messages through a second."""

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._interval


@dataclass(frozen=True, kw_only=True)
class Run:
    """`maximum` bounds how many messages are looked at in all, None does not; `on_message` hears of each at once.

    `on_step` hears where the run is, in words, before each thing that may take long. `wait_seconds` is for how long SQS
    looks for a further message before a queue counts as empty.
    """

    aws: Aws
    mode: Mode
    maximum: int | None
    pace: Pace
    on_message: Callable[[QueueResult, Looked], None]
    on_step: Callable[[str], None]
    wait_seconds: int = WAIT_SECONDS
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def go_through(self, queues: Sequence[FailureQueue]) -> Iterator[QueueResult]:
        """Each queue's result when it is done with. Raises AccessRefused when AWS refuses the caller something."""
        left = self.maximum
        for queue in queues:
            result = QueueResult(queue=queue)
            if queue.kind is not None:
                with _explained(queue):
                    self._go_through(result, queue.kind, left)
                if left is not None:
                    left -= result.looked_at
            yield result

    def _go_through(self, result: QueueResult, kind: FailureKind, maximum: int | None) -> None:
        hidden_seconds = LONGEST_CALL_SECONDS if self.mode is Mode.REDRIVE else LOOK_SECONDS
        inbox = Inbox(self.aws.sqs, result.queue.url, hidden_seconds=hidden_seconds, wait_seconds=self.wait_seconds)
        self.on_step(f"{result.queue}: counting")
        result.depth = inbox.depth()
        began = self.now()
        if maximum == 0:
            return
        self._say_where(result, "reading on")
        try:
            for message in inbox.messages():
                if message.sent_at > began:  # perhaps one that we have just sent, and that has failed again
                    result.later += 1
                    if result.later > LATER_PER_MESSAGE * result.depth + SOME_LATER:
                        result.is_cut_short = True
                        return
                    continue
                looked = self._look(message, kind, result)
                if looked.ending is Ending.REDRIVEN:
                    inbox.delete(message)
                result.add(looked)
                self.on_message(result, looked)
                self._say_where(result, "reading on")
                if result.looked_at == maximum:
                    return
            result.is_cut_short = inbox.is_full
        finally:
            self.on_step(f"{result.queue}: giving back what stays")
            inbox.give_back()

    def _say_where(self, result: QueueResult, doing: str) -> None:
        self.on_step(f"{result.queue}: {result.looked_at} of about {result.about} looked at, {doing}")

    def _look(self, message: Message, kind: FailureKind, result: QueueResult) -> Looked:
        failure = None
        try:
            failure = read(kind, message)
            if self.mode is Mode.LIST:
                return Looked(message=message, failure=failure, ending=Ending.WAITS, detail="")
            with _stays_when_refused():
                remedy = remedy_of(failure, result.queue, self.aws)
                if self.mode is Mode.DRY_RUN:
                    return Looked(message=message, failure=failure, ending=Ending.WAITS, detail=f"would be: {remedy}")
                self.pace.wait()
                self._say_where(result, "redriving the next")
                remedy.carry_out(self.aws)
            return Looked(message=message, failure=failure, ending=Ending.REDRIVEN, detail=str(remedy))
        except MessageStays as exc:
            return Looked(message=message, failure=failure, ending=Ending.STAYS, detail=f"{exc.label}: {exc}")


@contextmanager
def _stays_when_refused() -> Iterator[None]:
    """What AWS refuses of one message, as a function that is gone, says nothing of the next one."""
    try:
        yield
    except ClientError as exc:
        if _is_access(exc):
            raise
        raise StillFailing(f"AWS refused: {exc}") from exc
    except ParamValidationError as exc:
        raise UnreadableMessage(f"It names what cannot exist: {exc}") from exc


@contextmanager
def _explained(queue: FailureQueue) -> Iterator[None]:
    try:
        yield
    except ClientError as exc:
        if not _is_access(exc):
            raise
        raise AccessRefused(f"{queue}: {exc}. docs/runbook/redrive.md says what a redriver has to be allowed.") from exc


def _is_access(error: ClientError) -> bool:
    return error.response["Error"]["Code"].rpartition(".")[2] in (
        *("AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"),
        *("UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException"),
    )
