from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from aiohttp import web

from rehearsal.page.controls import ApprovalResult
from rehearsal.run_events import ActionEnded, ActionOutput, ActionStarted, ExecutionStarted, Notice, RunEvent, Status
from tests.rehearsal.page.replay import Replay

ID = "11111111-2222-3333-4444-555555555555"
STARTED = ActionStarted(execution_id=ID, stage="Build", action="Synth", provider="CodeBuild", at=1.0)
ENDED = ActionEnded(
    execution_id=ID, stage="Build", action="Synth", provider="CodeBuild", status=Status.SUCCEEDED, seconds=1.0, at=2.0
)
OWN = {"X-Rehearsal": "1"}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def page(tmp_path: Path, said: list[str]) -> Iterator[Replay]:
    with Replay(tmp_path, say=said.append) as replay:
        yield replay


def _output(line: str) -> RunEvent:
    return ActionOutput(execution_id=ID, stage="Build", action="Synth", line=line)


def _ask(
    page: Replay, path: str, *, method: str = "GET", body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str]:
    """`path` is below the secret, unless it begins with a slash."""
    address = urlsplit(page.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    try:
        target = path if path.startswith("/") else f"{address.path}{path}"
        content = json.dumps(body) if body is not None else None
        connection.request(method, target, body=content, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


class Listening:
    """A connection to a stream of server-sent events."""

    def __init__(self, page: Replay, path: str, headers: dict[str, str] | None = None) -> None:
        address = urlsplit(page.url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
        self._connection.request("GET", f"{address.path}{path}", headers=headers or {})
        self._answer = self._connection.getresponse()

    def message(self) -> dict[str, str]:
        """The next that has data."""
        found: dict[str, str] = {}
        while True:
            line = self._answer.readline().decode().rstrip("\n")
            if not line:
                if "data" in found:
                    return found
                found = {}
                continue
            name, _, value = line.partition(": ")
            found[name] = value

    def rest(self) -> bytes:
        """All that comes until it ends."""
        return self._answer.read()

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None:
        self._answer.close()
        self._connection.close()


def _texts(listening: Listening, count: int) -> list[Any]:
    return [json.loads(listening.message()["data"])["text"] for _ in range(count)]


def test_events_come_as_kept_and_then_live(page: Replay) -> None:
    page.tell(Notice(text="one", at=1.0))

    with Listening(page, "events") as listening:
        first, caught_up = listening.message(), listening.message()
        page.tell(Notice(text="two", at=2.0))
        second = listening.message()

    assert json.loads(first["data"]) == {
        "schema": 1, "seq": 1, "type": "Notice", "at": 1.0, "aws_at": 0.0, "text": "one", "detail": "",
    }  # fmt: skip
    assert caught_up["event"] == "caught-up"
    assert (second["id"], json.loads(second["data"])["text"]) == ("2", "two")


@pytest.mark.parametrize(("query", "headers"), [("events?after=1", {}), ("events", {"Last-Event-ID": "1"})])
def test_events_go_on_where_the_browser_was(page: Replay, query: str, headers: dict[str, str]) -> None:
    for text in ("one", "two"):
        page.tell(Notice(text=text))

    with Listening(page, query, headers) as listening:
        assert _texts(listening, 1) == ["two"]


def test_events_begin_anew_for_a_browser_that_saw_another_history(page: Replay) -> None:
    page.tell(Notice(text="one"))

    with Listening(page, "events", {"Last-Event-ID": "900"}) as listening:
        assert _texts(listening, 1) == ["one"]


def test_output_is_no_event_and_is_in_the_log(page: Replay) -> None:
    for event in (STARTED, _output("façade"), _output("b")):
        page.tell(event)

    status, headers, text = _ask(page, f"log?execution={ID}&stage=Build&action=Synth&from=8")

    assert (status, text, headers["x-log-next"], headers["x-log-ended"]) == (200, "b\n", "10", "false")
    assert [entry.type for entry in page.journal.after(0, most=10)] == ["ActionStarted"]


def test_log_grows_and_ends(page: Replay) -> None:
    page.tell(STARTED)
    page.tell(_output("a"))

    with Listening(page, f"log/events?execution={ID}&stage=Build&action=Synth&from=0") as listening:
        first = listening.message()
        page.tell(_output("b"))
        second = listening.message()
        page.tell(ENDED)
        last = listening.message()

    assert [json.loads(found["data"]) for found in (first, second)] == [
        {"from": 0, "text": "a\n"},
        {"from": 2, "text": "b\n"},
    ]
    assert (second["id"], last["event"]) == ("4", "ended")


def test_log_of_a_path_that_can_be_none_is_refused(page: Replay) -> None:
    status, _, text = _ask(page, f"log?execution={ID}&stage=..%2F..&action=Synth&from=0")

    assert status == 400
    assert "There is no action" in text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/state", {}),
        ("/wrong-secret/state", {}),
        ("state", {"Host": "evil.example:80"}),
        ("state", {"Origin": "http://evil.example"}),
        ("state", {"Sec-Fetch-Site": "cross-site"}),
        ("no-such-thing", {}),
        ("static/..%2fserver.py", {}),
        ("chart/events.jsonl", {}),
    ],
)
def test_strangers_get_an_empty_page(page: Replay, path: str, headers: dict[str, str]) -> None:
    status, _, text = _ask(page, path, headers=headers)

    assert (status, text) == (404, "")


def test_state_is_told_and_every_answer_is_secured(page: Replay) -> None:
    status, headers, text = _ask(page, "state")

    assert (status, json.loads(text)["project"]) == (200, "replay")
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")


APPROVAL = {"execution_id": ID, "stage": "Prod", "action": "Approve", "token": "t", "is_approved": True, "summary": ""}


def test_approval_is_given_once(page: Replay, said: list[str]) -> None:
    first = _ask(page, "approval", method="POST", body=APPROVAL, headers=OWN)
    second = _ask(page, "approval", method="POST", body=APPROVAL, headers=OWN)

    result = ApprovalResult(execution_id=ID, stage="Prod", action="Approve", token="t", is_approved=True, summary="")
    assert (first[0], first[2], said) == (200, "{}", [str(result)])
    assert (second[0], json.loads(second[2])) == (409, {"error": "The approval was already answered."})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "a JSON object"),
        ({**APPROVAL, "is_approved": "yes"}, "is_approved is 'yes'"),
        ({**APPROVAL, "token": 7}, "token is 7"),
        ({**APPROVAL, "summary": "x" * 513}, "summary has 513 characters"),
    ],
)
def test_approval_that_cannot_be_read_changes_nothing(page: Replay, said: list[str], body: object, words: str) -> None:
    status, _, text = _ask(page, "approval", method="POST", body=body, headers=OWN)

    assert (status, said) == (400, [])
    assert words in json.loads(text)["error"]


def test_post_without_the_pages_own_header_changes_nothing(page: Replay, said: list[str]) -> None:
    status, _, text = _ask(page, "approval", method="POST", body=APPROVAL)

    assert (status, text, said) == (404, "", [])


def test_telling_does_not_wait_for_a_browser_that_takes_nothing(page: Replay) -> None:
    address = urlsplit(page.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as stalled:
        stalled.sendall(f"GET {address.path}events HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        stalled.recv(64)
        began = time.monotonic()
        for number in range(5000):
            page.tell(Notice(text=f"{number} {'x' * 1000}"))
        seconds = time.monotonic() - began
        with Listening(page, "events?after=4999") as listening:
            last = listening.message()

    assert last["id"] == "5000"
    assert seconds < 5


def test_leaving_ends_open_streams_at_once(tmp_path: Path) -> None:
    ended = threading.Event()

    def read(listening: Listening) -> None:
        listening.rest()
        ended.set()

    with Replay(tmp_path, say=print) as page:
        listening = Listening(page, "events")
        listening.message()
        reading = threading.Thread(target=read, args=(listening,), daemon=True)
        reading.start()

    with listening:
        assert ended.wait(5)
        reading.join()


def test_recording_is_replayed_with_all_at_once(page: Replay) -> None:
    page.play(
        [ExecutionStarted(execution_id=ID, pipeline="P", commit="c", trigger="WebhookV2"), STARTED, _output("a")],
        speed=0,
    )

    assert [entry.seq for entry in page.journal.after(0, most=10)] == [1, 2]


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "1e3", "٣"])
def test_numbers_that_are_none_are_refused_or_the_beginning(page: Replay, number: str) -> None:
    page.tell(Notice(text="one"))
    quoted = quote(number)

    status, _, _ = _ask(page, f"log?execution={ID}&stage=Build&action=Synth&from={quoted}")
    with Listening(page, f"events?after={quoted}") as listening:
        assert _texts(listening, 1) == ["one"]

    assert status == 400


@pytest.mark.parametrize("request_line", [b"no HTTP at all", b"GET http://[ HTTP/1.1", b"GET /\xff/ HTTP/1.1"])
def test_what_strangers_send_writes_nothing_into_the_runs_output(
    page: Replay, caplog: pytest.LogCaptureFixture, request_line: bytes
) -> None:
    address = urlsplit(page.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as stranger:
        stranger.sendall(request_line + f"\r\nHost: {address.netloc}\r\n\r\n".encode())
        answer = stranger.recv(4096)

    assert answer.startswith(b"HTTP/1.0 400")
    assert caplog.records == []


def test_browser_that_is_gone_when_its_stream_begins_is_no_error(
    page: Replay, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(*_: object) -> None:
        has_written.set()
        raise ConnectionResetError

    has_written = threading.Event()
    monkeypatch.setattr(web.StreamResponse, "write", write)

    for path in ("events", f"log/events?execution={ID}&stage=Build&action=Synth"):
        has_written.clear()
        with contextlib.suppress(OSError, http.client.HTTPException), Listening(page, path) as listening:
            listening.rest()
        assert has_written.wait(5)

    assert caplog.records == []
