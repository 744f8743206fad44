"""The edge: the one loopback port where the local AWS answers.

Every request goes on to MiniStack as it came, but for
- CloudFormation, whose templates are rewritten (cloudformation.py),
- the operations of registered service APIs, which are answered here (apis.py),
- STS and IAM, whose answers tell which credentials exist (credentials.py),
- calls of an API that nobody signed (unsigned_calls.py), or whose signer may not (api_refusals.py),
- invocations of functions (invocations.py),
- the emulator's calls for the resources that registered providers serve (custom_resources.py), and for the targets of
  EventBridge rules (rule_targets.py).

It must not know a resource type, an operation or an alarm: who starts the edge registers them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from rehearsal.aws.edge.api_refusals import API_PATH, ApiRefusals
from rehearsal.aws.edge.apis import Apis
from rehearsal.aws.edge.authorizer import Authorizer
from rehearsal.aws.edge.cloudformation import CloudFormation
from rehearsal.aws.edge.credentials import Signature, SignedRequest, Vault, parse_signature
from rehearsal.aws.edge.custom_resources import CustomResources
from rehearsal.aws.edge.invocations import FunctionHost, Invocations
from rehearsal.aws.edge.provider_function import ProviderFunction
from rehearsal.aws.edge.unsigned_calls import UnsignedCalls
from rehearsal.aws.edge.upstream import Upstream
from rehearsal.aws.eventbridge.rule_targets import MatchedEvent, matched_event
from rehearsal.aws.localize import Localizer
from rehearsal.aws.resource import ResourceProvider
from rehearsal.aws.service_api import ServiceApi

# The service's signing name, the operation where a header names it (else ""), the caller's account, the region.
CallListener = Callable[[str, str, str, str], None]
_TARGET = "X-Amz-Target"
_RESOURCES_PATH = "/_rehearsal/resources"
# A provider blocks for as long as its resource takes, and an API call may wait for one: neither may starve the other.
_PROVIDER_THREADS = 64
_API_THREADS = 32


class Edge:
    """See the module. `listener` is a listening socket; `upstream_url` gives the address of MiniStack."""

    def __init__(self, listener: socket.socket, upstream_url: Callable[[], str], root_secret: str) -> None:
        host, port = listener.getsockname()
        self.url = f"http://{host}:{port}"
        self.localize = Localizer(self.url)
        self._listener = listener
        self._provider_threads = ThreadPoolExecutor(_PROVIDER_THREADS, thread_name_prefix="provider")
        self._api_threads = ThreadPoolExecutor(_API_THREADS, thread_name_prefix="api")
        self._upstream = Upstream(upstream_url)
        self._vault = Vault(root_secret)
        self._resources = CustomResources(self._upstream, self._provider_threads)
        self._apis = Apis(self._vault, Authorizer(self._upstream, self._vault), self._api_threads)
        provider_function = ProviderFunction(self._upstream, self._vault, self.url + _RESOURCES_PATH)
        self._api_refusals = ApiRefusals(self._upstream, self._vault, provider_function)
        self._unsigned_calls = UnsignedCalls(self._upstream, self._api_refusals, provider_function)
        self._cloudformation = CloudFormation(
            upstream=self._upstream,
            vault=self._vault,
            resources=self._resources,
            provider_function=provider_function,
            localize=self.localize,
        )
        self._tell: CallListener | None = None
        self._deliver: Callable[[MatchedEvent], None] | None = None
        self._invocations = Invocations(self._upstream, self._vault)
        self._runner: web.AppRunner | None = None

    def register(self, provider: ResourceProvider) -> None:
        """Stacks that are deployed from now on get these resource types from the provider."""
        self._resources.register(provider)

    def register_api(self, api: ServiceApi) -> None:
        """Its operations are answered by it from now on."""
        self._apis.register(api)

    def tell_calls_to(self, listener: CallListener) -> None:
        """It hears of each signed call that MiniStack answered, before the caller gets the answer."""
        self._tell = listener

    def deliver_events(self, deliver: Callable[[MatchedEvent], None]) -> None:
        """What rules of stacks that are deployed from now on match is handed over; `deliver` must not block."""
        self._cloudformation.delivers_events = True
        self._deliver = deliver

    def run_functions_at(self, lambda_url: str, host: FunctionHost) -> None:
        """Functions of stacks that are deployed from now on are run there, by the host."""
        self._cloudformation.lambda_url = lambda_url
        self._invocations.host = host

    async def start(self) -> None:
        await self._upstream.open()
        app = web.Application(client_max_size=0, middlewares=[_say_that_ministack_ended])
        app.router.add_post(_RESOURCES_PATH, self._begin_resource)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        await self._upstream.close()
        self._provider_threads.shutdown(wait=False, cancel_futures=True)
        self._api_threads.shutdown(wait=False, cancel_futures=True)

    async def _begin_resource(self, request: web.Request) -> web.Response:
        message = await request.json()
        matched = matched_event(message)
        if matched is None:
            self._resources.begin(message)
        elif self._deliver is not None:
            self._deliver(matched)
        return web.json_response({})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        signature = parse_signature(request.headers.get("Authorization", ""))
        if signature is None:
            if request.path.startswith(API_PATH):
                return await self._unsigned_calls.answer(await _read(request))
            return await self._upstream.forward(request)
        match signature.service:
            case "cloudformation":
                return await self._cloudformation.answer(await _read(request), signature)
            case "execute-api" if request.path.startswith(API_PATH):
                return await self._api_refusals.pass_on(await _read(request))
            case "sts" | "iam":
                return await self._remember_credentials(await _read(request), signature)
            case "lambda" if request.path.endswith("/invocations"):
                return await self._invocations.answer(await _read(request), signature)
            case name if self._apis.serves(name):
                signed = await _read(request)
                return await self._apis.answer(signed, signature) or (await self._upstream.send(signed)).response()
            case _:
                response = await self._upstream.forward(request)
                self._tell_call(request, signature)
                return response

    def _tell_call(self, request: web.Request, signature: Signature) -> None:
        principal = self._vault.principal(signature.access_key)
        if self._tell is not None and principal is not None:
            operation = request.headers.get(_TARGET, "").rpartition(".")[2]
            self._tell(signature.service, operation, principal.account, signature.region)

    async def _remember_credentials(self, request: SignedRequest, signature: Signature) -> web.Response:
        answer = await self._upstream.send(request)
        if answer.status == 200 and b"SecretAccessKey" in answer.body:
            caller = self._vault.principal(signature.access_key)
            self._vault.learn(answer.body, account=caller.account if caller else "")
        return answer.response()


@web.middleware
async def _say_that_ministack_ended(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except aiohttp.ClientError as exc:
        return web.Response(status=502, text=f"The local AWS (MiniStack) does not answer: {exc}")


async def _read(request: web.Request) -> SignedRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return SignedRequest(request.method, request.raw_path, headers, await request.read())
