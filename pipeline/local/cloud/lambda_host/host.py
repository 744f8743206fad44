"""The Lambda host: runs the functions' real bundles for the emulator, which hands every invocation over by HTTP.

In: MiniStack's Lambda proxy POSTs (the event, and headers naming function and version), and `invoke` from this process.
Out: the function's answer, its metrics, its logs. It must not know who deploys functions, nor what they do.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3

from pipeline.local.cloud.clock import Clock
from pipeline.local.cloud.guardian import Guardian
from pipeline.local.cloud.lambda_host.function import Clients, FunctionArn, InvocationResult
from pipeline.local.cloud.lambda_host.metrics import MetricSink
from pipeline.local.cloud.lambda_host.traffic import FunctionTraffic, TrafficCounter
from pipeline.local.run_events import EventLog


class LambdaHost:
    """See the module.

    `loop` runs in another thread and serves the HTTP side. `home` holds this run's logs and unpacked code; `cache`
    outlives the run (packages installed for this machine). `child_environment(session, region)` is the environment of
    a process with the session's credentials; `localize` turns AWS addresses in a text into those of this machine.
    """

    def __init__(
        self,
        *,
        clients: Clients,
        guardian: Guardian,
        metrics: MetricSink,
        clock: Clock,
        event_log: EventLog,
        loop: asyncio.AbstractEventLoop,
        home: Path,
        cache: Path,
        child_environment: Callable[[boto3.Session, str], Mapping[str, str]],
        localize: Callable[[str], str],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._traffic = TrafficCounter()
        raise NotImplementedError

    def start(self) -> str:
        """Starts to listen on a free port of 127.0.0.1; the URL for MINISTACK_LAMBDA_PROXY_URL."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends the workers and the server, and writes out the logs."""

    def invoke(self, function_arn: str, event: Any, *, asynchronous: bool = False) -> InvocationResult:
        """Runs a function, version or alias, and returns how it ended.

        `asynchronous` adds Lambda's retries of asynchronous invocations. Call it from any thread but the loop's.
        """
        raise NotImplementedError

    def snapshot(self, function: FunctionArn, version: str) -> None:
        """Keeps the code of a version while Lambda still serves it (only the newest code of a function is served)."""

    def warm(self, function: FunctionArn, version: str) -> None:
        """Starts a worker for the version, so that its first request does not wait for one; errors show when invoked."""

    def refresh(self, function: FunctionArn) -> None:
        """Forgets what is remembered of the function's aliases and versions: it was changed."""

    def retire(self, function: FunctionArn, version: str) -> None:
        """Ends the version's workers when they have done what they are doing."""

    def error_payload(self, request_id: str) -> bytes | None:
        """The payload of a failed invocation that the emulator could not carry whole."""

    def traffic(self) -> list[FunctionTraffic]:
        """API requests through aliases since the start."""
        return self._traffic.snapshot()
