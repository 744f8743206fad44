"""The Lambda host: runs the functions' real bundles for the emulator, which hands every invocation over by HTTP.

In: MiniStack's Lambda proxy POSTs (the event, and headers naming function and version), `accept` from the edge
(an Invoke of type Event) and `invoke` from this process.
Out: the function's answer, its metrics, its logs. It must not know who deploys functions, nor what they do.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import secrets
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.lambda_host.api_gateway import answer_of
from rehearsal.aws.lambda_host.asynchronous import AsynchronousInvocations, During, Event
from rehearsal.aws.lambda_host.bundle import Bundles, Download
from rehearsal.aws.lambda_host.custom_resource import CustomResourceEnds, is_timeout
from rehearsal.aws.lambda_host.delivery import Deliveries
from rehearsal.aws.lambda_host.direct_invocations import DirectInvocations
from rehearsal.aws.lambda_host.event_invoke_config import EventInvokeConfig
from rehearsal.aws.lambda_host.execution import ChildEnvironment, Execution, new_request_id
from rehearsal.aws.lambda_host.function import LATEST, Clients, FunctionArn, FunctionVersion, InvocationResult
from rehearsal.aws.lambda_host.function import failure as failure_payload
from rehearsal.aws.lambda_host.function_error import FunctionErrors
from rehearsal.aws.lambda_host.functions import Functions
from rehearsal.aws.lambda_host.http_server import HttpServer, Request, Response, serve_on_free_port
from rehearsal.aws.lambda_host.invocation_record import EndedEvent
from rehearsal.aws.lambda_host.logs import FunctionLogs, LogStream
from rehearsal.aws.lambda_host.metrics import InvocationMetrics, MetricSink
from rehearsal.aws.lambda_host.nodejs.sdk import NodeSdk
from rehearsal.aws.lambda_host.origin import Origin, Origins
from rehearsal.aws.lambda_host.remembered import NotRemembered, only_remembered
from rehearsal.aws.lambda_host.traffic import FunctionTraffic, TrafficCounter
from rehearsal.aws.lambda_host.wheels import MachinePackages
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Clock
from rehearsal.machine.guardian import Guardian
from rehearsal.run_events import EventLog

Result = TypeVar("Result")
_THREADS = 8
_DELIVERY_THREADS = 4
_EMF_KEY = '"_aws"'
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Call:
    """One invocation, routed: how it was invoked, and the version that it runs."""

    origin: Origin
    version: FunctionVersion
    request_id: str
    event: bytes


class LambdaHost:
    """See the module.

    `loop` runs in another thread and serves the HTTP side. `home` holds this run's logs and unpacked code; `cache`
    outlives the run (layers, packages installed for this machine). `child_environment(session, region)` is the
    environment of a process with the session's credentials; `download` gets a page of the emulator's own; `localize`
    turns AWS addresses into those of this machine; `node_sdk` is what Node.js runtimes bring; `on_log_line` hears each
    line that a function prints, at once.
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
        child_environment: ChildEnvironment,
        download: Download,
        localize: Callable[[str], str],
        node_sdk: NodeSdk,
        on_log_line: Callable[[LogStream, str], None] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._loop = loop
        self._draw = draw
        self._on_log_line = on_log_line
        self._sink = metrics
        self._metrics = InvocationMetrics(metrics)
        self._traffic = TrafficCounter()
        self._errors = FunctionErrors()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="lambda-host")
        # A destination may be a function, which the other threads have to route: they must not all wait for it.
        self._delivery_threads = ThreadPoolExecutor(_DELIVERY_THREADS, thread_name_prefix="lambda-destinations")
        self._functions = Functions(clients)
        self._origins = Origins(clients)
        self._logs = FunctionLogs(home / "logs", lambda account, region: clients.root(account, region).client("logs"))
        packages = MachinePackages(cache / "packages", event_log)
        self._bundles = Bundles(
            self._functions, packages, download, code_folder=home / "code", layer_folder=cache / "layers"
        )
        self._execution = Execution(
            clients=clients,
            guardian=guardian,
            bundles=self._bundles,
            node_sdk=node_sdk,
            threads=self._threads,
            home=home,
            child_environment=child_environment,
            localize=localize,
            on_line=self._on_line,
        )
        self._custom_resources = CustomResourceEnds(loop, self._delivery_threads, clock.speed)
        self._deliveries = Deliveries(clients, self._functions, self._metrics)
        self._asynchronous = AsynchronousInvocations(
            clock=clock,
            loop=loop,
            attempt=self._attempt,
            config_of=self._config_of,
            deliver=self._deliver,
            metrics=self._metrics,
        )
        self.direct_invocations = DirectInvocations()
        self._server: HttpServer | None = None
        self._path = f"/{secrets.token_urlsafe(24)}/"

    def start(self) -> str:
        """Starts to listen on a free port of 127.0.0.1; the URL for MINISTACK_LAMBDA_PROXY_URL, with a secret in it."""
        self._server, port = self._wait(serve_on_free_port(self._answer_whoever))
        return f"http://127.0.0.1:{port}{self._path}"

    def close(self) -> None:
        """Ends the workers and the server, and writes out the logs."""
        self._wait(self._close_in_loop())
        self._logs.close()
        self._delivery_threads.shutdown()
        self._threads.shutdown()

    def invoke(
        self,
        function_arn: str,
        event: Any,
        *,
        asynchronous: bool = False,
        during: During = nullcontext,
    ) -> InvocationResult:
        """Runs a function, version or alias, and returns how it (or its last attempt) ended.

        `asynchronous` makes the event one of Lambda's queue (see asynchronous.py): tried again as the event invoke
        configuration says, and sent to the destinations named there. Each attempt runs inside `during()`. Call it from
        any thread but the loop's. Raises ClockClosed when the run ends before the event does.
        """
        function = FunctionArn.parse(function_arn)
        body, request_id = json.dumps(event).encode(), new_request_id()
        if not asynchronous:
            with during():
                call = self._route(function, None, request_id, body)
                return self._wait(self._run(call))
        return self._asynchronous.accept(function, body, request_id=request_id, during=during).result()

    async def accept(self, function: FunctionArn, event: bytes, *, request_id: str) -> bool:
        """Takes an asynchronous event that the caller may send; False when the emulator runs the function itself."""
        if not await self._look_up(self._functions.is_run_here, function):
            return False
        self._asynchronous.accept(function, event, request_id=request_id)
        return True

    def snapshot(self, function: FunctionArn, version: str) -> None:
        """Keeps the code of a version while Lambda still serves it (only the newest code of a function is served)."""
        self._bundles.snapshot(self._functions.version(function, version))

    def warm(self, function: FunctionArn, version: str) -> None:
        """Starts a worker of the version and does not wait; what is wrong with it shows when it is invoked."""
        work = self._execution.warm(self._functions.version(function, version))
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def refresh(self, function: FunctionArn) -> None:
        """Forgets what is remembered of the function's aliases and versions: it was changed."""
        self._functions.forget(function)

    def retire(self, function: FunctionArn, version: str) -> None:
        """Ends the version's workers when they have done what they are doing."""
        self._loop.call_soon_threadsafe(self._execution.retire, function, version)

    def restore_error(self, body: bytes) -> bytes:
        """The function's own error for the body of a failed Invoke as the emulator answers it; see function_error."""
        return self._errors.restore(body)

    def pending_events(self) -> list[Event]:
        """The asynchronous events that have been accepted and have not ended."""
        return self._asynchronous.pending()

    def traffic(self) -> list[FunctionTraffic]:
        """API requests through aliases since the start."""
        return self._traffic.snapshot()

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _close_in_loop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._custom_resources.close()
        await self._asynchronous.close()
        await self._execution.close()

    async def _answer_whoever(self, request: Request) -> Response:
        """The emulator alone knows the path: a port is open to every user of the machine, and to its browsers."""
        if not secrets.compare_digest(request.path, self._path.encode()):
            return Response(HTTPStatus.FORBIDDEN)
        return await self._answer_emulator(request)

    async def _answer_emulator(self, request: Request) -> Response:
        """One POST of MiniStack's Lambda proxy: 200 is the function's answer, 500 its error, 202 an accepted event."""
        function = FunctionArn.parse(request.headers["x-amzn-lambda-function-arn"])
        version = request.headers["x-amzn-lambda-function-version"]
        request_id = request.headers["x-amzn-lambda-request-id"]
        event = request.body
        try:
            call = await self._look_up(self._route, function, version, request_id, event)
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            log.exception("An invocation of %s could not be routed.", function)
            payload = failure_payload(f"Rehearsal.{type(exc).__name__}", str(exc))
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, self._errors.shorten(request_id, payload))
        if call.origin.is_asynchronous:
            # What CloudFormation waits for may take until something else has been shifted: no minute waits for it.
            during = nullcontext if call.origin.is_custom_resource else None
            self._asynchronous.accept(call.origin.function, event, request_id=request_id, during=during)
            return Response(HTTPStatus.ACCEPTED)
        result = await self._run(call)
        if call.origin.request is not None:
            return self._answer_api(call, result)
        if result.function_error is not None:
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, self._errors.shorten(request_id, result.payload))
        return Response(HTTPStatus.OK, result.payload)

    async def _attempt(self, event: Event) -> InvocationResult:
        call = await self._look_up(self._route, event.function, None, event.request_id, event.payload)
        result = await self._run(call)
        if is_timeout(result):  # the attempts after it would keep a stack waiting as long again
            self._custom_resources.ended(event.payload, event.function.name, result)
        return result

    async def _config_of(self, function: FunctionArn) -> EventInvokeConfig:
        return await self._look_up(self._functions.event_invoke_config, function)

    async def _deliver(self, ended: EndedEvent) -> None:
        self._custom_resources.ended(ended.payload, ended.function.name, ended.result)
        await self._loop.run_in_executor(self._delivery_threads, self._deliveries.deliver, ended)

    async def _look_up(self, read: Callable[..., Result], *arguments: Any) -> Result:
        """At once where everything is remembered, else in a thread: AWS has to be asked, and that blocks."""
        try:
            with only_remembered():
                return read(*arguments)
        except NotRemembered:
            return await self._loop.run_in_executor(self._threads, read, *arguments)

    def _answer_api(self, call: _Call, result: InvocationResult) -> Response:
        function, route = call.origin.function, call.origin.route
        assert call.origin.request is not None
        assert route is not None
        answer = answer_of(result, call.origin.request)
        self._metrics.record_api_request(
            function.account,
            function.region,
            route,
            status=answer.status,
            latency_ms=result.duration_ms,
            at=self._clock.now(),
        )
        if function.qualifier is not None and not function.qualifier.isdigit():
            is_failed = result.function_error is not None or answer.status >= 500
            self._traffic.count(function.account, function.name, result.version, is_failed=is_failed)
        return Response(HTTPStatus.OK, answer.payload)

    def _route(self, function: FunctionArn, resolved: str | None, request_id: str, event: bytes) -> _Call:
        """`resolved` is the version that the emulator found for the function's qualifier, None if nobody looked."""
        if function.qualifier is None and resolved not in (None, LATEST):
            function = function.qualified(str(resolved))
        is_direct = resolved is None or self.direct_invocations.is_one(function, event)
        origin = Origin(function) if is_direct else self._origins.of(function, json.loads(event))
        version = self._choose_version(origin.function, resolved)
        return _Call(origin, self._functions.version(function, version), request_id, event)

    def _choose_version(self, function: FunctionArn, resolved: str | None) -> str:
        qualifier = function.qualifier
        if qualifier is None or qualifier == LATEST or qualifier.isdigit():
            return qualifier or LATEST
        routing = self._functions.routing(function, qualifier)
        if resolved is not None and resolved != routing.version:  # the alias was moved within the last second
            self._functions.forget(function)
            routing = self._functions.routing(function, qualifier)
        return routing.choose(self._draw())

    async def _run(self, call: _Call) -> InvocationResult:
        function = call.origin.function
        started_at = self._clock.now()
        outcome = await self._execution.run(call.version, str(function), call.request_id, call.event)
        self._metrics.record_invocation(
            function,
            call.version.version,
            is_error=outcome.is_error,
            duration_ms=outcome.duration_ms,
            concurrent=self._execution.busy(function) + 1,
            at=started_at,
        )
        return InvocationResult(
            version=call.version.version,
            payload=outcome.payload,
            function_error="Unhandled" if outcome.is_error else None,
            duration_ms=outcome.duration_ms,
            request_id=call.request_id,
            log_tail=outcome.log_tail,
        )

    def _on_line(self, stream: LogStream, line: str) -> None:
        """A line that a function printed: a log line, and perhaps metrics in CloudWatch's embedded format."""
        self._logs.write(stream, line)
        if self._on_log_line is not None:
            self._on_log_line(stream, line)
        if _EMF_KEY in line:
            message = line.rpartition("\t")[2]  # Node.js's lines begin with their time, request and level
            if message.startswith("{"):
                self._sink.put_emf(stream.account, stream.region, message)
