"""CloudFormation as its callers know it: templates are made fit for the emulator on their way in, and what comes back
speaks of the original template, its resource types, and addresses that work here.

It must not know any resource type, nor what a provider does.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from aiohttp import web

from rehearsal.aws.cloudformation.template import (
    ORIGINAL,
    Rewriting,
    fingerprint,
    original_types,
    parse_template,
    rewrite,
)
from rehearsal.aws.denials import Denials
from rehearsal.aws.edge.credentials import Principal, Vault
from rehearsal.aws.edge.custom_resources import CustomResources
from rehearsal.aws.edge.provider_function import ProviderFunction
from rehearsal.aws.edge.signature import Signature, SignedRequest
from rehearsal.aws.edge.stack_references import StackReferences
from rehearsal.aws.edge.upstream import Answer, Upstream
from rehearsal.aws.localize import Localizer
from rehearsal.aws.service_api import ApiError
from rehearsal.errors import EngineError, Unsupported

_REWRITTEN_OPERATIONS = frozenset({"CreateStack", "UpdateStack", "CreateChangeSet"})
_INLINE_TEMPLATE_BYTES = 51_200
_CDK_CLI = "aws-sdk-js"
_REST_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.05
_IN_PROGRESS = re.compile(rb"<StackStatus>(?!REVIEW)\w+_IN_PROGRESS</StackStatus>")
_TEMPLATE_BODY = re.compile(r"<TemplateBody>(.*?)</TemplateBody>", re.DOTALL)
_ORIGINAL_NAME = re.compile(rf'"{ORIGINAL}"\s*:\s*"([0-9a-f]{{64}})"')
_S3_HOST = re.compile(r"(?:(?P<bucket>[a-z0-9.-]+)\.)?s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?")


class CloudFormation:
    """See the module. `lambda_url` is where functions of rewritten templates are run.

    `delivers_events` tells whether somebody delivers what rules of rewritten templates match.
    """

    def __init__(
        self,
        *,
        upstream: Upstream,
        vault: Vault,
        resources: CustomResources,
        provider_function: ProviderFunction,
        localize: Localizer,
        denials: Denials,
    ) -> None:
        self._denials = denials
        self.lambda_url = ""
        self.delivers_events = False
        self._upstream = upstream
        self._vault = vault
        self._resources = resources
        self._provider_function = provider_function
        self._localize = localize
        self._originals: dict[str, str] = {}
        self._references = StackReferences(upstream, self._as_written)

    async def answer(self, request: SignedRequest, signature: Signature) -> web.Response:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        operation = form.get("Action", "")
        try:
            if operation in _REWRITTEN_OPERATIONS:
                answer = await self._with_rewritten_template(request, signature, form)
            elif operation == "DescribeStacks" and _CDK_CLI in request.headers.get("user-agent", ""):
                answer = await self._at_rest(request)
            else:
                answer = await self._upstream.send(request)
        except EngineError as exc:
            reason = f"The local run is broken: {exc}"
            self._denials.tell(reason)
            raise ApiError("ValidationError", reason) from exc
        return answer.response(self._as_the_author_knows_it(answer, operation))

    async def _at_rest(self, request: SignedRequest) -> Answer:
        """The answer as soon as no stack in it is being worked on, or a moment later as it is then.

        The CDK CLI asks every five seconds, and most stacks take less than one here.
        """
        deadline = time.monotonic() + _REST_SECONDS
        answer = await self._upstream.send(request)
        while _IN_PROGRESS.search(answer.body) and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            answer = await self._upstream.send(request)
        return answer

    async def _with_rewritten_template(
        self, request: SignedRequest, signature: Signature, form: dict[str, str]
    ) -> Answer:
        principal = self._vault.principal(signature.access_key)
        if principal is None:
            return await self._upstream.send(request)
        text = await self._template_text(principal, signature.region, form)
        rewritten = await self._rewrite(text, form, principal, signature.region) if text else None
        if rewritten is None:
            return await self._upstream.send(request)
        sent = {name: value for name, value in form.items() if name not in ("TemplateBody", "TemplateURL")}
        sent |= await self._template_parameter(rewritten, principal, signature.region)
        changed = SignedRequest(request.method, request.target, request.headers, urlencode(sent).encode())
        return await self._upstream.send_as(principal, changed, region=signature.region, service=signature.service)

    async def _template_text(self, principal: Principal, region: str, form: dict[str, str]) -> str:
        """The template as the caller sent it, or as the caller may read it in S3; "" where it stays as it is."""
        if body := form.get("TemplateBody"):
            return body
        if not (url := form.get("TemplateURL")):
            return ""
        target = s3_path(url)
        answer = await self._upstream.send_as(
            principal, SignedRequest("GET", target, {}, b""), region=region, service="s3"
        )
        if answer.status != 200:
            code = re.search(rb"<Message>(.*?)</Message>", answer.body)
            reason = code.group(1).decode() if code else f"HTTP {answer.status}"
            raise ApiError("ValidationError", f"S3 error: {reason} ({url})")
        return answer.body.decode()

    async def _rewrite(self, text: str, form: dict[str, str], principal: Principal, region: str) -> str | None:
        try:
            template = parse_template(text)
            await self._references.require_exports_kept(template, form, principal, region)
            rewritten = rewrite(
                template,
                Rewriting(
                    claimed_types=self._resources.claimed_types,
                    service_token=self._provider_function.arn(principal.account, region),
                    lambda_url=self.lambda_url,
                    delivers_events=self.delivers_events,
                    stack_outputs=await self._references.values(template, principal, region),
                ),
            )
        except ValueError as exc:
            raise ApiError("ValidationError", str(exc)) from exc
        except Unsupported as exc:
            self._denials.tell(str(exc))
            raise ApiError("ValidationError", str(exc)) from exc
        if rewritten is None:
            return None
        self._originals[fingerprint(template)] = text
        await self._provider_function.ensure(principal.account, region)
        return json.dumps(rewritten, default=str)

    async def _template_parameter(self, text: str, principal: Principal, region: str) -> dict[str, str]:
        if len(text.encode()) <= _INLINE_TEMPLATE_BYTES:
            return {"TemplateBody": text}
        return {"TemplateURL": await self._provider_function.store(text, principal.account, region)}

    def _as_the_author_knows_it(self, answer: Answer, operation: str) -> bytes:
        text = answer.body.decode()
        if operation == "GetTemplate":
            return _TEMPLATE_BODY.sub(self._original_body, text).encode()
        return self._localize(original_types(text)).encode()

    def _original_body(self, match: re.Match[str]) -> str:
        text = html.unescape(match.group(1))
        written = self._as_written(text)
        if written == text:
            return match.group(0)
        return f"<TemplateBody>{html.escape(written, quote=False)}</TemplateBody>"

    def _as_written(self, text: str) -> str:
        """A template of the emulator's as its author wrote it."""
        name = _ORIGINAL_NAME.search(text)
        return text if name is None else self._originals.get(name.group(1), text)


def s3_path(url: str) -> str:
    """The path-style target of an S3 address: virtual-hosted, path-style, or behind the edge.

    `https://bucket.s3.eu-west-1.amazonaws.com/a/key` -> `/bucket/a/key`.
    """
    parts = urlsplit(url)
    host = _S3_HOST.fullmatch(parts.hostname or "")
    path = quote(unquote(parts.path), safe="/-_.~")
    return f"/{host['bucket']}{path}" if host and host["bucket"] else path
