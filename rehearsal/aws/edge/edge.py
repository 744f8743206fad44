"""The edge: the one loopback port where the local AWS answers.

Whoever calls has to be a program of this machine (admission.py) and to have signed (signature.py), but for calls of an
API and the few operations that AWS serves unsigned. A request goes on to MiniStack as it came, but for
- CloudFormation, whose templates are rewritten (cloudformation.py),
- the operations of registered service APIs, which are answered here (apis.py),
- STS and IAM, whose answers tell which credentials exist (credentials.py),
- calls of an API (api_calls.py),
- invocations of functions (invocations.py),
- what AWS refuses of a call and the emulator does not (limited_calls.py, stored_limits.py, event_puts.py),
- the emulator's calls for the resources that registered providers serve (custom_resources.py), and for the targets of
  EventBridge rules (rule_targets.py).

It must not know a resource type, an operation or an alarm: who starts the edge registers them.
"""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from rehearsal.aws.apigateway.request import LARGEST_API_BODY, api_address
from rehearsal.aws.denials import Denials
from rehearsal.aws.edge.admission import Admission, is_function_url_path, is_secret_path, without_cors
from rehearsal.aws.edge.api_calls import ApiCalls
from rehearsal.aws.edge.api_functions import ApiHost
from rehearsal.aws.edge.apis import Apis
from rehearsal.aws.edge.authorizer import Authorizer
from rehearsal.aws.edge.cloudformation import CloudFormation
from rehearsal.aws.edge.credentials import Vault
from rehearsal.aws.edge.custom_resources import CustomResources
from rehearsal.aws.edge.event_puts import EventPuts
from rehearsal.aws.edge.invocations import FunctionHost, Invocations
from rehearsal.aws.edge.limited_calls import is_limited, refuse_over_limit
from rehearsal.aws.edge.provider_function import ProviderFunction
from rehearsal.aws.edge.refusals import refusal, require_served, require_served_path
from rehearsal.aws.edge.signature import PAYLOAD_HASH, Signature, SignedRequest, check_body, parse_signature
from rehearsal.aws.edge.stored_limits import StoredLimits
from rehearsal.aws.edge.unsigned_operations import is_served_unsigned
from rehearsal.aws.edge.upstream import DigestCheck, Upstream, is_small
from rehearsal.aws.eventbridge.rule_targets import MatchedEvent, event_id, matched_event
from rehearsal.aws.localize import Localizer
from rehearsal.aws.resource import ResourceProvider
from rehearsal.aws.service_api import ApiError, ServiceApi
from rehearsal.machine.listening import accept_no_more
from rehearsal.machine.server_log import SERVER_LOG

# The service's signing name, the operation where header or form names it (else ""), the caller's account, the region,
# and the body, None where it was passed on in parts.
CallListener = Callable[[str, str, str, str, bytes | None], None]
_TARGET = "x-amz-target"
_PUT_EVENTS = "AWSEvents.PutEvents"
_LARGE_ANSWERS = frozenset({"s3", "lambda"})
_READ_HERE = frozenset({"cloudformation", "sts", "iam"})
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")
_UNSIGNED = (
    "This is the local AWS of a rehearsal, and the request is not signed. The run has written a profile for its "
    "accounts, and named its file."
)
# Clients of the XML protocols break on anything else; those of the others take it for words.
_NO_ANSWER = (
    "<ErrorResponse><Error><Code>BadGateway</Code>"
    "<Message>The local AWS (MiniStack) does not answer: {}</Message></Error></ErrorResponse>"
)
# A provider blocks for as long as its resource takes, and an API call may wait for one: neither may starve the other.
_PROVIDER_THREADS = 64
_API_THREADS = 32
# What is held as a whole: the code of a function, in base64, is the largest. Objects of S3 are passed on as they come.
_LARGEST_BODY = 128 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_DEPLOYING = frozenset({"cloudformation", "apigateway"})


class Host(FunctionHost, ApiHost, Protocol):
    """The Lambda host."""


class Edge:
    """See the module. `listener` is a listening socket, `upstream` MiniStack's; `root_secret` is every root's key.

    `denials` hears of what neither the emulator nor a registered part can do.
    """

    def __init__(
        self, listener: socket.socket, upstream: Path, root_secret: str, denials: Denials | None = None
    ) -> None:
        self._denials = denials or Denials()
        host, port = listener.getsockname()
        self.url = f"http://{host}:{port}"
        self._resources_path = f"/_rehearsal/{secrets.token_urlsafe(24)}/resources"
        self.localize = Localizer(self.url)
        self._listener = listener
        self._provider_threads = ThreadPoolExecutor(_PROVIDER_THREADS, thread_name_prefix="provider")
        self._api_threads = ThreadPoolExecutor(_API_THREADS, thread_name_prefix="api")
        self._upstream = Upstream(upstream, f"{host}:{port}")
        self._vault = Vault(root_secret)
        self._resources = CustomResources(self._upstream, self._provider_threads, self._denials)
        authorizer = Authorizer(self._upstream, self._vault)
        self._apis = Apis(self._vault, authorizer, self._api_threads)
        self._event_puts = EventPuts(self._upstream, self._vault, authorizer)
        self._stored_limits = StoredLimits(self._upstream, self._vault, authorizer)
        provider_function = ProviderFunction(self._upstream, self._vault, self.url + self._resources_path)
        self._api_calls = ApiCalls(self._upstream, self._vault, provider_function)
        self._admission = Admission(port, self._api_calls.preflight)
        self._cloudformation = CloudFormation(
            upstream=self._upstream,
            vault=self._vault,
            resources=self._resources,
            provider_function=provider_function,
            localize=self.localize,
            denials=self._denials,
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

    def run_functions_at(self, lambda_url: str, host: Host) -> None:
        """Functions of stacks that are deployed from now on are run there, by the host."""
        self._cloudformation.lambda_url = lambda_url
        self._invocations.host = host
        self.run_apis_with(host)

    def run_apis_with(self, host: ApiHost) -> None:
        """The host runs what calls of APIs invoke, where it can."""
        self._api_calls.functions.host = host

    async def start(self) -> None:
        await self._upstream.open()
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[self._admit, _say_that_ministack_ended])
        app.router.add_post(self._resources_path, self._begin_resource)
        app.router.add_route("*", "/{path:.*}", self._answer)
        # Signatures and checksums are of the bytes that were sent, compressed or not.
        options: dict[str, Any] = {"access_log": None, "logger": SERVER_LOG, "auto_decompress": False}
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=1, **options)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await accept_no_more(self._listener)
            await self._runner.cleanup()
        await self._upstream.close()
        self._provider_threads.shutdown(wait=False, cancel_futures=True)
        self._api_threads.shutdown(wait=False, cancel_futures=True)

    async def _begin_resource(self, request: web.Request) -> web.Response:
        message = await request.json()
        event = event_id(message)
        matched = matched_event(message, time=await self._event_puts.time_of(event) if event else "")
        if matched is None:
            self._resources.begin(message)
        elif self._deliver is not None:
            self._deliver(matched)
        return web.json_response({})

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = await self._admission.refusal(request)
        if refused is not None:
            return refused
        return await handler(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        head = _head(request)
        if api_address(head.target) is not None and _names_this_machine(head.headers["host"]):
            return await self._answer_api_call(request, head)
        signature = None
        try:
            require_served_path(head.target)
            signature = parse_signature(head.target, head.headers)
            if signature is None:
                return await self._answer_unsigned(request, head)
            check = await self._authenticate(request, head, signature)
            response = await self._answer_signed(request, signature, check)
            if signature.service != "execute-api":  # there, it is the function that answers
                principal = self._vault.principal(signature.access_key)
                account = principal.account if principal else ""
                target = head.headers.get(_TARGET, "")
                require_served(response, signature.service, target, lambda said: self._denials.tell(said, account))
        except ApiError as error:
            return refusal(head, error, service=signature.service if signature else "")
        finally:
            if signature is not None and signature.service in _DEPLOYING:
                self._api_calls.changed()
        if not is_function_url_path(head.target) and not response.prepared:
            without_cors(response)
        return response

    async def _answer_api_call(self, request: web.Request, head: SignedRequest) -> web.StreamResponse:
        """A body that is too large for an API is not held: the API says so in its own words."""
        body, is_too_large = bytearray(), (request.content_length or 0) > LARGEST_API_BODY
        while not is_too_large and (chunk := await request.content.read(_CHUNK_BYTES)):
            body += chunk
            is_too_large = len(body) > LARGEST_API_BODY
        received = replace(head, body=b"" if is_too_large else bytes(body))
        return await self._api_calls.receive(received, _pairs(request), is_too_large=is_too_large)

    async def _authenticate(
        self, request: web.Request, head: SignedRequest, signature: Signature
    ) -> DigestCheck | None:
        """A body whose hash the client has not declared is part of what was signed.

        Where it is passed on in parts, its signature is checked when its hash is known, before the last of them.
        """
        if PAYLOAD_HASH in head.headers or signature.service == "s3":
            self._vault.authenticate(head, signature)
        elif is_small(request) or not self._is_passed_on(request, signature):
            self._vault.authenticate(replace(head, body=await request.read()), signature)
        else:
            return lambda digest: self._vault.authenticate(
                replace(head, headers={**head.headers, PAYLOAD_HASH: digest}), signature
            )
        return None

    async def _answer_unsigned(self, request: web.Request, head: SignedRequest) -> web.StreamResponse:
        if (request.content_length or 0) > LARGEST_API_BODY:
            raise ApiError("RequestEntityTooLarge", "Request Too Long", status=413)
        request = request.clone(client_max_size=LARGEST_API_BODY)  # one that does not say its length ends there
        is_known = _names_this_machine(head.headers["host"])
        if is_known and is_function_url_path(head.target):
            return await self._upstream.forward(request)
        if not is_known or not (is_secret_path(head.target) or is_served_unsigned(await _read(request))):
            raise ApiError("MissingAuthenticationToken", _UNSIGNED, status=403)
        response = await self._upstream.forward(request)
        if not response.prepared:
            without_cors(response)
        return response

    def _is_passed_on(self, request: web.Request, signature: Signature) -> bool:
        """It goes to MiniStack as it came, and nobody here has to read it."""
        service = signature.service
        if service == "lambda":
            return not request.path.endswith("/invocations")
        is_read = service in _READ_HERE or self._apis.serves(service) or is_limited(service, request.headers)
        return not is_read

    async def _answer_signed(
        self, request: web.Request, signature: Signature, check: DigestCheck | None
    ) -> web.StreamResponse:
        if (limited := await self._answer_limited(request, signature)) is not None:
            return limited
        match signature.service:
            case "cloudformation":
                return await self._cloudformation.answer(await _read(request), signature)
            case "sts" | "iam":
                return await self._remember_credentials(await _read(request), signature)
            case "lambda" if request.path.endswith("/invocations"):
                return await self._invocations.answer(await _read(request), signature)
            case name if self._apis.serves(name):
                signed = await _read(request)
                return await self._apis.answer(signed, signature) or (await self._upstream.send(signed)).response()
            case _:
                may_be_large = signature.service in _LARGE_ANSWERS
                response = await self._upstream.forward(request, may_be_large=may_be_large, check=check)
                body = await request.read() if is_small(request) else None
                self._tell_call(request.headers.get(_TARGET, ""), body, signature)
                return response

    async def _answer_limited(self, request: web.Request, signature: Signature) -> web.Response | None:
        """None for a call that has no limit of ours; else it is read as a whole, and refused or passed on."""
        service, target = signature.service, request.headers.get(_TARGET, "")
        if service == "s3":
            refuse_over_limit(_head(request), service)
        if not is_limited(service, request.headers):
            return None
        signed = await _read(request)
        refuse_over_limit(signed, service)
        if target == _PUT_EVENTS:
            response = await self._event_puts.answer(signed, signature)
        elif (done := await self._stored_limits.answer(signed, signature)) is not None:
            return done
        else:
            response = (await self._upstream.send(signed)).response()
        self._tell_call(target, signed.body, signature)
        return response

    def answered(self, request: SignedRequest) -> None:
        """Tells of a call that MiniStack answered without the edge between. From any thread."""
        signature = parse_signature(request.target, request.headers)
        if signature is not None:
            self._tell_call(request.headers.get(_TARGET, ""), request.body, signature)

    def _tell_call(self, target: str, body: bytes | None, signature: Signature) -> None:
        principal = self._vault.principal(signature.access_key)
        if self._tell is None or principal is None:
            return
        operation = target.rpartition(".")[2]
        if not operation and body and (action := _ACTION.search(body)):
            operation = action.group(1).decode()
        self._tell(signature.service, operation, principal.account, signature.region, body)

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
        return web.Response(status=502, text=_NO_ANSWER.format(escape(str(exc))), content_type="text/xml")


def _head(request: web.Request) -> SignedRequest:
    """Without its body; a header that came twice counts with both values, as a signature has it."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    return SignedRequest(request.method, request.raw_path, headers, b"")


def _pairs(request: web.Request) -> tuple[tuple[str, str], ...]:
    """The headers as they were sent, each for itself."""
    return tuple(
        (name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in request.raw_headers
    )


async def _read(request: web.Request) -> SignedRequest:
    body = await request.read()
    head = _head(request)
    check_body(head.headers, body)
    return replace(head, body=body)


def _names_this_machine(host: str) -> bool:
    """Not a bucket's, an API's or a distribution's own name, which the emulator would look at before the path."""
    return host.rpartition(":")[0].lower() in ("127.0.0.1", "localhost")
