"""What the engine needs from the local AWS: the seam that LocalCloud and the fake of the tests fill.

It must not grow beyond what the engine itself calls; actions get the whole LocalCloud.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rehearsal.machine.failure import Failure
from rehearsal.run_events import EventLog

if TYPE_CHECKING:
    import boto3


class Clients(Protocol):
    """Sessions in the local AWS."""

    def root(self, account: str, region: str) -> boto3.Session: ...

    def assume(
        self, role_arn: str, *, session_name: str, by: boto3.Session | None = None, region: str
    ) -> boto3.Session: ...


class WaitingClock(Protocol):
    """The run's clock, as far as the engine waits on it; seconds are AWS seconds."""

    def now(self) -> float: ...

    def wait_until(self, condition: Callable[[], bool], timeout: float | None = None) -> bool: ...


class Denied(Protocol):
    """What the local AWS could not do."""

    def found_in(self, texts: Iterable[str]) -> str | None: ...

    def since(self, at: float, account: str) -> str | None: ...


class Surroundings(Protocol):
    @property
    def clients(self) -> Clients: ...

    @property
    def clock(self) -> WaitingClock: ...

    @property
    def event_log(self) -> EventLog: ...

    @property
    def home(self) -> Path: ...

    @property
    def failure(self) -> Failure: ...

    @property
    def denials(self) -> Denied: ...
