"""What a person decides on the page: read from the request, checked, and handed to `Controls`.

Answers 200 `{}`; 400 and 409 with `{"error": SENTENCE}`: what was given cannot be read, or cannot be done now. It must
not decide.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from rehearsal.errors import RehearsalError
from rehearsal.page.admission import secure
from rehearsal.page.controls import ApprovalResult, Controls, Refused

_BAD, _CONFLICT = 400, 409
_LONGEST = 512  # characters: CodePipeline's bound of an approval's summary; no name is as long
_LONGEST_REASON = 200  # of a stop
Fields = Mapping[str, Any]


class Decisions:
    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def add_to(self, router: web.UrlDispatcher, root: str) -> None:
        router.add_post(f"{root}/approval", self._handler(self._approval))
        router.add_post(f"{root}/stop", self._handler(self._stop))
        router.add_post(f"{root}/retry", self._handler(self._retry))
        router.add_post(f"{root}/rollback", self._handler(self._rollback))

    def _approval(self, fields: Fields) -> None:
        is_approved = fields.get("is_approved")
        if not isinstance(is_approved, bool):
            raise ValueError(f"is_approved is {is_approved!r}, and has to be true or false.")
        names = {name: _text(fields, name) for name in ("execution_id", "stage", "action", "token")}
        summary = _text(fields, "summary", is_needed=False)
        self._controls.put_approval_result(ApprovalResult(is_approved=is_approved, summary=summary, **names))

    def _stop(self, fields: Fields) -> None:
        reason = _text(fields, "reason", is_needed=False, longest=_LONGEST_REASON)
        self._controls.stop_pipeline_execution(_text(fields, "execution_id"), reason)

    def _retry(self, fields: Fields) -> None:
        self._controls.retry_stage_execution(_text(fields, "stage"))

    def _rollback(self, fields: Fields) -> None:
        self._controls.rollback_stage(_text(fields, "stage"), _text(fields, "target_execution_id"))

    def _handler(self, decide: Callable[[Fields], None]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            try:
                content = json.loads(await request.text())
                if not isinstance(content, dict):
                    raise ValueError("The body is to be a JSON object.")
                await asyncio.to_thread(decide, content)
            except (Refused, RehearsalError) as exc:
                return _answer({"error": str(exc)}, _CONFLICT)
            except (ValueError, RecursionError) as exc:
                return _answer({"error": str(exc)}, _BAD)
            return _answer({}, 200)

        return handle


def _text(fields: Fields, name: str, *, is_needed: bool = True, longest: int = _LONGEST) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str) or (is_needed and not value):
        raise ValueError(f"{name} is {value!r}, and has to be a text.")
    if len(value) > longest:
        raise ValueError(f"{name} has {len(value)} characters; {longest} are allowed.")
    return value


def _answer(content: Fields, status: int) -> web.Response:
    response = web.json_response(dict(content), status=status)
    secure(response)
    return response
