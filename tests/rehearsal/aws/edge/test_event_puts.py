"""What the service that sends changes does with an answer of the local bus: the code for refused entries runs here."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from service.cars.settings import Setting
from service.changes.runtime import handler
from tests.rehearsal.aws.edge.bare_cloud import BareCloud
from tests.service.conftest import FakeContext

RECORD = Path(__file__).parents[3] / "events" / "dynamodb-stream.json"


def records(count: int) -> list[dict[str, Any]]:
    found: dict[str, Any] = json.loads(RECORD.read_text())["Records"][0]
    changes = [copy.deepcopy(found) for _ in range(count)]
    for number, change in enumerate(changes):
        change["eventID"] = f"event-{number}"
        change["dynamodb"]["SequenceNumber"] = str(1000 + number)
    return changes


class ForgetfulBus:
    """The local bus, put to by a version that forgets the source of its `forgotten`th event, counted from 0."""

    def __init__(self, cloud: BareCloud, forgotten: int) -> None:
        self._events = cloud.client("events")
        self._forgotten = forgotten
        self.answers: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        sent = [{name: value for name, value in entry.items() if name != "EventBusName"} for entry in Entries]
        del sent[self._forgotten]["Source"]
        answer: dict[str, Any] = self._events.put_events(Entries=sent)
        self.answers.append(answer)
        return answer


def test_an_event_without_a_source_is_refused_and_the_batch_goes_on_from_it(
    cloud: BareCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = ForgetfulBus(cloud, forgotten=1)
    monkeypatch.setenv(Setting.EVENT_BUS_NAME, "default")
    monkeypatch.setattr(handler, "event_bridge", lambda: bus)

    answer = handler.handle({"Records": records(3)}, FakeContext())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1001"}]}
    assert [entry.get("ErrorCode") for entry in bus.answers[0]["Entries"]] == [None, "InvalidArgument", None]


def test_a_version_whose_first_event_is_refused_fails(cloud: BareCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(Setting.EVENT_BUS_NAME, "default")
    monkeypatch.setattr(handler, "event_bridge", lambda: ForgetfulBus(cloud, forgotten=0))

    with pytest.raises(handler.NothingSent):
        handler.handle({"Records": records(2)}, FakeContext())
