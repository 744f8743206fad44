"""Events of AWS's own services on an account's default bus: what a part of the local run does in CodePipeline's place
is told to EventBridge as CodePipeline tells it.

Nobody but a service may put an event whose source begins with `aws.`, and to the emulator nobody here is one. So such
an event is put with another source, rules of templates hear that one, too (`hearing_services`), and what they matched
gets the source of the service again before it is delivered (`as_published`). It must not know any service's events.

Source: EventBridge API reference, PutEventsRequestEntry (Source); "Events from AWS services".
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.errors import RehearsalError

_SERVICE = "aws."
_STAND_IN = "rehearsal:aws."
_LAST_SECONDS = 5.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ServiceEvent:
    """`source` is the service (`aws.codepipeline`), `detail` what goes into the event as JSON."""

    account: str
    region: str
    source: str
    detail_type: str
    resources: Sequence[str]
    detail: Mapping[str, Any]


class ServiceEvents:
    """Puts events in the order in which they are given; whoever gives one does not wait for it.

    What cannot be put is named in the log: on AWS, too, nothing fails for want of an event.
    """

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients
        self._waiting: queue.SimpleQueue[ServiceEvent | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._put_all, name="service-events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Once what was given is put, if the local AWS still takes it."""
        self._waiting.put(None)
        self._thread.join(_LAST_SECONDS)

    def put(self, event: ServiceEvent) -> None:
        self._waiting.put(event)

    def _put_all(self) -> None:
        while (event := self._waiting.get()) is not None:
            try:
                self._put(event)
            except (RehearsalError, ClientError, BotoCoreError) as exc:
                log.warning("%s of %s was told to nobody: %s", event.detail_type, event.source, exc)

    def _put(self, event: ServiceEvent) -> None:
        events = self._clients.root(event.account, event.region).client("events")
        answer = events.put_events(
            Entries=[
                {
                    "Source": as_put(event.source),
                    "DetailType": event.detail_type,
                    "Resources": list(event.resources),
                    "Detail": json.dumps(event.detail),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            log.warning("%s of %s was told to nobody: %s", event.detail_type, event.source, answer["Entries"])


def hearing_services(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rule's declaration; where its pattern names a service as a source, it names what stands in for it, too."""
    properties = rule.get("Properties") or {}
    pattern = properties.get("EventPattern")
    if not isinstance(pattern, Mapping) or not isinstance(sources := pattern.get("source"), list):
        return rule
    heard = [stand_in for source in sources if (stand_in := _stand_in(source)) is not None]
    return {**rule, "Properties": {**properties, "EventPattern": {**pattern, "source": [*sources, *heard]}}}


def as_published(text: str) -> str:
    """What a rule matched, or made of it, as JSON: with the service as its source."""
    return text.replace(_STAND_IN, _SERVICE)


def as_put(source: str) -> str:
    """The source by which an event is put: a service's is stood in for."""
    return _STAND_IN + source.removeprefix(_SERVICE) if source.startswith(_SERVICE) else source


def _stand_in(source: Any) -> Any:
    match source:
        case str() if source.startswith(_SERVICE):
            return as_put(source)
        case {"prefix": str(start)} if start.startswith(_SERVICE):
            return {"prefix": _STAND_IN + start.removeprefix(_SERVICE)}
        case _:
            return None
