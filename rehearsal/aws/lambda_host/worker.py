"""One execution environment: a process with AWS's runtime client, and the Lambda runtime API that it talks to.

It runs one invocation at a time. Everything here belongs to the event loop's thread. It must not know metrics or logs:
lines of output go to `on_line`. Source: "Using the Lambda runtime API" and the errors of Lambda's service.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import subprocess
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from rehearsal.aws.lambda_host.function import failure
from rehearsal.aws.lambda_host.output_lines import OutputLines
from rehearsal.aws.lambda_host.runtime_api import Kind, RuntimeApi
from rehearsal.machine.guardian import GuardedProcess, Guardian

INIT_SECONDS = 120.0
_TAIL_LINES = 20
# Until what an ended process has written was read: its connection closes then, unless a child of it has it, too.
_LAST_WORDS_SECONDS = 0.2
_LAST_WORDS_POLL_SECONDS = 0.002


@dataclass(frozen=True)
class WorkerCommand:
    """How to start a worker; `runtime_api` is the socket where it finds the runtime API."""

    arguments: Sequence[str]
    runtime_api: Path
    environment: Mapping[str, str]
    cwd: Path


@dataclass(frozen=True)
class Invocation:
    request_id: str
    function_arn: str
    event: bytes
    timeout_seconds: float


@dataclass(frozen=True)
class Outcome:
    """`payload` is the answer, or the error when `is_error`. `duration_ms` is the handler's time, without the start.

    `log_tail` is the end of what the handler printed.
    """

    payload: bytes
    is_error: bool
    duration_ms: float
    log_tail: tuple[str, ...] = ()


class WorkerFailed(Exception):
    """The worker ended before it could take an invocation; `payload` is the error as Lambda words it."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload.decode())
        self.payload = payload


@dataclass(eq=False)
class Worker:
    """See the module. `start` it, then `invoke`, then `kill`."""

    command: WorkerCommand
    guardian: Guardian
    on_line: Callable[[str], None]
    started_at: float = field(default_factory=time.monotonic)
    is_ended: bool = False
    _init_error: bytes | None = None
    _process: GuardedProcess | None = None
    _output: OutputLines | None = None
    _api: RuntimeApi | None = None
    _next: Invocation | None = None
    _is_waiting: bool = False
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _running: tuple[str, asyncio.Future[tuple[bytes, bool]]] | None = None
    _exit_status: str = "exit status 0"
    _tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL_LINES))
    _gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Returns when the handler is imported and waits for an event. Raises WorkerFailed when it cannot be."""
        self._api = RuntimeApi(self)
        await self._api.start(self.command.runtime_api)
        loop = asyncio.get_running_loop()
        if self.is_ended:  # the run has, meanwhile: nothing is begun any more
            self.kill()
            raise WorkerFailed(failure("Rehearsal.Ended", "The run has ended."))
        self._process = await loop.run_in_executor(None, self._popen)
        self._output = OutputLines(self._process, self._take_line)
        threading.Thread(target=self._watch, args=(loop, self._process), name="worker", daemon=True).start()
        try:
            await asyncio.wait_for(self._ready.wait(), INIT_SECONDS)
        except TimeoutError:
            self._init_error = failure(
                "Sandbox.Timedout", f"The handler's module did not load in {INIT_SECONDS:.0f} s."
            )
            self.kill()
        if self._init_error is not None or self.is_ended:
            self.kill()
            raise WorkerFailed(self._init_error or failure("Runtime.ExitError", self._exit_message(None)))

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Runs one event. A worker that timed out or crashed has ended afterwards."""
        done: asyncio.Future[tuple[bytes, bool]] = asyncio.get_running_loop().create_future()
        self._running = (invocation.request_id, done)
        started = time.perf_counter()
        if self.is_ended:
            return Outcome(failure("Runtime.ExitError", self._exit_message(invocation.request_id)), True, 0.0)
        self._tail.clear()
        self._next = invocation
        self._hand_over()
        try:
            payload, is_error = await asyncio.wait_for(done, invocation.timeout_seconds)
        except TimeoutError:
            self.kill()
            message = f"Task timed out after {invocation.timeout_seconds:.2f} seconds"
            self._take_line(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {invocation.request_id} {message}")
            payload, is_error = (
                failure("Sandbox.Timedout", f"RequestId: {invocation.request_id} Error: {message}"),
                True,
            )
        finally:
            self._running = None
        duration_ms = (time.perf_counter() - started) * 1000
        if self._output is not None:
            self._output.read()  # what the handler printed before it answered counts as part of the invocation
        return Outcome(payload, is_error, duration_ms, tuple(self._tail))

    def kill(self) -> None:
        """Ends the process and all that it started. May be called again."""
        self.is_ended = True
        if self._api is not None:
            self._api.close()
            self._api = None
            self.command.runtime_api.unlink(missing_ok=True)
        if self._process is not None:
            process, self._process = self._process, None
            threading.Thread(target=self.guardian.kill, args=(process,), daemon=True).start()

    async def wait_gone(self) -> None:
        """Returns when the process has ended."""
        if self._output is not None:
            await self._gone.wait()

    def _take_line(self, line: str) -> None:
        self._tail.append(line)
        self.on_line(line)

    def _popen(self) -> GuardedProcess:
        command, pipe, redirect = self.command, subprocess.PIPE, subprocess.STDOUT
        return self.guardian.popen(
            command.arguments, env=command.environment, cwd=command.cwd, stdout=pipe, stderr=redirect
        )

    def _watch(self, loop: asyncio.AbstractEventLoop, process: GuardedProcess) -> None:
        """In a thread of its own: waits for the process's end."""
        code = process.wait()
        status = f"exit status {code}" if code >= 0 else "signal: killed"
        with contextlib.suppress(RuntimeError):  # the loop was closed with the run
            deadline = time.monotonic() + _LAST_WORDS_SECONDS
            loop.call_soon_threadsafe(self._on_exit, loop, status, deadline)

    def _on_exit(self, loop: asyncio.AbstractEventLoop, status: str, deadline: float) -> None:
        self._exit_status = status
        self.is_ended = True
        if self._api is not None and self._api.is_connected and time.monotonic() < deadline:
            loop.call_later(_LAST_WORDS_POLL_SECONDS, self._on_exit, loop, status, deadline)  # it may have said more
            return
        self._gone.set()
        if self._output is not None:
            self._output.close()
        self._ready.set()
        if self._running is not None and not self._running[1].done():
            request_id, done = self._running
            done.set_result((failure("Runtime.ExitError", self._exit_message(request_id)), True))
        self.kill()

    def _exit_message(self, request_id: str | None) -> str:
        return f"RequestId: {request_id or uuid.uuid4()} Error: Runtime exited with error: {self._exit_status}"

    def heard(self, kind: Kind, request_id: str, body: bytes) -> None:
        """What the process says by the runtime API."""
        match kind:
            case Kind.NEXT:
                self._ready.set()
                self._is_waiting = True
                self._hand_over()
            case Kind.INIT_ERROR:
                self._init_error = _without_empty_request_id(body)
                self._ready.set()
                if self._api is not None:
                    self._api.send({}, b"")
            case Kind.RESPONSE | Kind.ERROR:
                if self._running is not None and self._running[0] == request_id and not self._running[1].done():
                    self._running[1].set_result((body, kind is Kind.ERROR))
            case _:
                assert_never(kind)

    def _hand_over(self) -> None:
        """The next invocation, as soon as there is one and the process has asked for it."""
        if self._api is not None and self._is_waiting and self._next is not None:
            invocation, self._next, self._is_waiting = self._next, None, False
            self._api.send(_head(invocation), invocation.event)


def _head(invocation: Invocation) -> dict[str, object]:
    """What the runtime API tells in the headers of the next invocation."""
    trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
    return {
        "request_id": invocation.request_id,
        "deadline_ms": int((time.time() + invocation.timeout_seconds) * 1000),
        "function_arn": invocation.function_arn,
        "trace_id": trace,
    }


def _without_empty_request_id(body: bytes) -> bytes:
    try:
        error = json.loads(body)
    except ValueError:
        return body
    return json.dumps({key: value for key, value in error.items() if key != "requestId" or value}).encode()
