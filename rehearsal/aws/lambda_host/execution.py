"""Runs versions: one pool of warm workers for each, started with the role's credentials when it is first needed.

It must not know who invoked, nor what is measured. Everything but `close` belongs to the event loop's thread; what
blocks (reading the API, unpacking, installing) runs in `threads`.
"""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.lambda_host.bundle import Bundles
from rehearsal.aws.lambda_host.environment import is_nodejs, require_runtime, worker_command
from rehearsal.aws.lambda_host.function import Clients, FunctionArn, FunctionVersion, failure
from rehearsal.aws.lambda_host.logs import LogStream, stream_name
from rehearsal.aws.lambda_host.nodejs.refusing_npm import write_refusing_npm
from rehearsal.aws.lambda_host.nodejs.sdk import NodeSdk
from rehearsal.aws.lambda_host.pool import WorkerPool
from rehearsal.aws.lambda_host.runtime_packages import link_runtime_packages
from rehearsal.aws.lambda_host.worker import Invocation, Outcome, Worker, WorkerCommand, WorkerFailed
from rehearsal.aws.limits.payload import too_large_response
from rehearsal.errors import RehearsalError
from rehearsal.machine.guardian import Guardian
from rehearsal.machine.unix_socket import socket_path

IDLE_SECONDS = 300.0
_JANITOR_SECONDS = 30.0

OnLine = Callable[[LogStream, str], None]
ChildEnvironment = Callable[[boto3.Session, str], Mapping[str, str]]


class Execution:
    """See the module."""

    def __init__(
        self,
        *,
        clients: Clients,
        guardian: Guardian,
        bundles: Bundles,
        node_sdk: NodeSdk,
        threads: ThreadPoolExecutor,
        home: Path,
        child_environment: ChildEnvironment,
        localize: Callable[[str], str],
        on_line: OnLine,
    ) -> None:
        self._clients = clients
        self._guardian = guardian
        self._bundles = bundles
        self._node_sdk = node_sdk
        self._threads = threads
        self._temporary = home / "tmp"
        self._home = home
        self._temporary.mkdir(parents=True, exist_ok=True)
        self._python_packages = link_runtime_packages(home / "runtime")
        self._programs = write_refusing_npm(home / "programs")
        self._child_environment = child_environment
        self._localize = localize
        self._on_line = on_line
        self._pools: dict[tuple[FunctionArn, str], tuple[FunctionVersion, WorkerPool]] = {}
        self._workers: set[Worker] = set()
        self._janitor: asyncio.Task[None] | None = None
        self._is_closed = False

    async def run(self, version: FunctionVersion, function_arn: str, request_id: str, event: bytes) -> Outcome:
        """Runs one event; whatever goes wrong is an outcome. `function_arn` is as invoked, as the handler sees it."""
        pool = self._pool(version)
        try:
            worker = await pool.acquire()
        except WorkerFailed as exc:
            return Outcome(exc.payload, is_error=True, duration_ms=0.0)
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            return Outcome(failure(f"Rehearsal.{type(exc).__name__}", str(exc)), is_error=True, duration_ms=0.0)
        try:
            outcome = await worker.invoke(Invocation(request_id, function_arn, event, version.timeout_seconds))
        finally:
            pool.release(worker)
        error = too_large_response(outcome.payload)
        return outcome if error is None else replace(outcome, payload=error, is_error=True)

    async def warm(self, version: FunctionVersion) -> None:
        """Starts a worker if there is none; one that cannot start is found out by the first invocation."""
        pool = self._pool(version)
        try:
            pool.release(await pool.acquire())
        except (WorkerFailed, RehearsalError, ClientError, BotoCoreError):
            return

    def busy(self, function: FunctionArn) -> int:
        """How many invocations of the function run now, all versions together."""
        return sum(pool.busy for (owner, _), (_, pool) in self._pools.items() if owner == function.unqualified)

    def retire(self, function: FunctionArn, version: str) -> None:
        known = self._pools.pop((function.unqualified, version), None)
        if known is not None:
            known[1].retire()

    async def close(self) -> None:
        """Ends every worker, and returns when all are gone. None is started any more."""
        self._is_closed = True
        if self._janitor is not None:
            self._janitor.cancel()
        for worker in list(self._workers):
            worker.kill()
            await worker.wait_gone()

    def _pool(self, version: FunctionVersion) -> WorkerPool:
        """`$LATEST` may be changed, and a deleted function made anew: then the workers that there are do not fit."""
        key = (version.function, version.version)
        known = self._pools.get(key)
        if known is not None and known[0] == version:
            return known[1]
        self.retire(*key)
        pool = WorkerPool(lambda: self._start(version))
        self._pools[key] = (version, pool)
        if self._janitor is None:
            self._janitor = asyncio.create_task(self._end_idle_workers())
        return pool

    async def _start(self, version: FunctionVersion) -> Worker:
        require_runtime(version)
        function = version.function
        stream = LogStream(function.account, function.region, version.log_group, stream_name(version.version))
        loop = asyncio.get_running_loop()
        command = await loop.run_in_executor(self._threads, self._command, version, stream)
        if self._is_closed:
            raise RehearsalError("The run has ended: no function is started any more.")
        worker = Worker(command, self._guardian, on_line=lambda line: self._on_line(stream, line))
        self._workers = {known for known in self._workers if not known.is_ended} | {worker}
        await worker.start()
        return worker

    def _runtime_packages(self, runtime: str) -> Path:
        return self._node_sdk.folder(runtime) if is_nodejs(runtime) else self._python_packages

    def _command(self, version: FunctionVersion, stream: LogStream) -> WorkerCommand:
        function = version.function
        session = self._clients.assume(version.role_arn, session_name=_session_name(function), region=function.region)
        return worker_command(
            version,
            self._bundles.bundle(version),
            runtime_api=runtime_api_socket(self._home),
            runtime_packages=self._runtime_packages(version.runtime),
            programs=self._programs,
            base=self._child_environment(session, function.region),
            localize=self._localize,
            stream=stream,
            temporary=Path(tempfile.mkdtemp(prefix=f"{function.name[:40]}-", dir=self._temporary)),
        )

    async def _end_idle_workers(self) -> None:
        while True:
            await asyncio.sleep(_JANITOR_SECONDS)
            for _, pool in self._pools.values():
                pool.end_idle(IDLE_SECONDS)


def _session_name(function: FunctionArn) -> str:
    """Lambda names the session after the function; STS wants two to 64 characters."""
    return function.name[:64].ljust(2, "-")


def runtime_api_socket(home: Path) -> Path:
    """A new one's place: no longer than the emulator's, so that a folder too long is found out before functions run."""
    return socket_path(home, f"{uuid.uuid4().hex[:8]}.s")


def new_request_id() -> str:
    return str(uuid.uuid4())
