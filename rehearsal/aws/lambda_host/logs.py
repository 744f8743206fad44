"""The functions' logs: files for the person at the terminal, and CloudWatch Logs for tools, written in batches.

It must not know what runs. The emulator writes START, END and REPORT lines to CloudWatch Logs itself (in streams of its
own); here a worker's stream holds what the function printed.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_BATCH_SECONDS = 1.0
_LARGEST_BATCH = 1000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LogStream:
    account: str
    region: str
    group: str
    name: str


def stream_name(version: str) -> str:
    """`2026/01/31/[7]0123…`, as Lambda names the log stream of an execution environment."""
    return f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{version}]{uuid.uuid4().hex}"


class FunctionLogs:
    """Safe to use from several threads. `client(account, region)` gives a client for CloudWatch Logs."""

    def __init__(self, folder: Path, client: Callable[[str, str], CloudWatchLogsClient]) -> None:
        self._folder = folder
        self._client = client
        self._lines: queue.SimpleQueue[tuple[LogStream, int, str] | None] = queue.SimpleQueue()
        self._known_streams: set[LogStream] = set()
        self._thread = threading.Thread(target=self._ship, name="function-logs", daemon=True)
        self._thread.start()

    def write(self, stream: LogStream, line: str) -> None:
        self._lines.put((stream, int(time.time() * 1000), line))

    def close(self) -> None:
        """Writes out what is left."""
        self._lines.put(None)
        self._thread.join(timeout=10)

    def _ship(self) -> None:
        is_open = True
        while is_open:
            batches, is_open = self._next_batches()
            for stream, events in batches.items():
                self._append_to_file(stream, events)
                self._put_events(stream, events)

    def _next_batches(self) -> tuple[dict[LogStream, list[tuple[int, str]]], bool]:
        """Waits for a line, then gathers what comes within the batch's time; False when the logs are closed."""
        batches: dict[LogStream, list[tuple[int, str]]] = defaultdict(list)
        deadline: float | None = None
        for _ in range(_LARGEST_BATCH):
            try:
                entry = self._lines.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if entry is None:
                return batches, False
            deadline = deadline or time.monotonic() + _BATCH_SECONDS
            stream, at_ms, line = entry
            batches[stream].append((at_ms, line))
        return batches, True

    def _append_to_file(self, stream: LogStream, events: list[tuple[int, str]]) -> None:
        file = self._folder / stream.account / f"{stream.group.strip('/').replace('/', '.')}.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as opened:
            opened.writelines(f"{line}\n" for _, line in events)

    def _put_events(self, stream: LogStream, events: list[tuple[int, str]]) -> None:
        messages = [{"timestamp": at_ms, "message": line} for at_ms, line in events if line]
        if not messages:
            return
        try:
            client = self._client(stream.account, stream.region)
            self._create_stream(client, stream)
            client.put_log_events(logGroupName=stream.group, logStreamName=stream.name, logEvents=messages)  # type: ignore[arg-type]
        except (BotoCoreError, ClientError) as exc:
            # The file has the lines. A stack that is rolled back takes its log groups with it, on AWS too.
            log.debug("The log events of %s could not be put: %s", stream.group, exc)

    def _create_stream(self, client: CloudWatchLogsClient, stream: LogStream) -> None:
        if stream in self._known_streams:
            return
        try:
            client.create_log_stream(logGroupName=stream.group, logStreamName=stream.name)
        except client.exceptions.ResourceNotFoundException:
            client.create_log_group(logGroupName=stream.group)
            client.create_log_stream(logGroupName=stream.group, logStreamName=stream.name)
        self._known_streams.add(stream)
