"""What comes of a request: the answer, word for word, and what is counted and logged with it.

Only what is another one each time, as a new car's id and the time of a change, is a mark in its place.
"""

from __future__ import annotations

import json
import re
from typing import Any

from service.api.runtime import handler
from service.api.runtime.routes import DOCUMENT
from service.cars.route_faults import FAULTS
from tests.service.conftest import FakeContext
from tests.service.logs import log_of

Outcome = dict[str, Any]
"""{"answer"} or {"raised": name of its type}; "metrics": names in their order; "log": a line each.

Of the metrics not how the route has fared, which every call tells (tests/service/api/runtime/test_handler.py).
"""

WRITES = ("POST", "PUT", "PATCH")
LOGGED = ("level", "message", "method", "resource", "status", "correlation_id")

_TIME = re.compile(r"20(?!24)\d\d-\d\d-\d\dT[\d:.]+Z")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_TAG = re.compile(r'"[0-9a-f]+\.(?:[0-9a-f]+|none)"')


def outcome_of(event: dict[str, Any], printed: Any) -> Outcome:
    """`printed` gives what was printed since it was called before."""
    printed()
    outcome: Outcome = {}
    with log_of(handler.logger) as log:
        try:
            outcome["answer"] = _masked(handler.handle(event, FakeContext()), event["httpMethod"])
        except Exception as error:  # noqa: BLE001 - whatever it is, it has to be the same
            outcome["raised"] = type(error).__name__
    outcome["metrics"] = [name for line in printed().splitlines() for name in _metrics(json.loads(line))]
    outcome["log"] = [" ".join(str(line.get(name)) for name in LOGGED) for line in log.lines()]
    return outcome


def _metrics(line: dict[str, Any]) -> list[str]:
    if FAULTS in line:
        return []
    return [metric["Name"] for each in line["_aws"]["CloudWatchMetrics"] for metric in each["Metrics"]]


def _masked(answer: dict[str, Any], method: str) -> dict[str, Any]:
    masked: dict[str, Any] = json.loads(json.dumps(answer))
    headers = masked["headers"]
    if masked["body"] == DOCUMENT.read_text(encoding="utf-8"):
        masked["body"] = "<openapi.json>"
    if re.fullmatch(r'"[0-9a-f]{32}"', headers.get("ETag", "")):
        headers["ETag"] = "<tag of openapi.json>"
    if method in WRITES:
        masked["body"] = _ID.sub("<id>", _TIME.sub("<now>", masked["body"]))
        changed = {name: headers[name] for name in ("ETag", "Location") if name in headers}
        headers.update({name: _TAG.sub("<tag>", _ID.sub("<id>", value)) for name, value in changed.items()})
    return masked
