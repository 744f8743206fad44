"""CloudFormation hears an answer whatever happens, and a prober that does not work is not deployed."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from service.cars import aws
from service.cars.settings import Setting
from service.prober.runtime import first_journeys
from service.prober.runtime.journey import Tally, Traveller
from service.prober.runtime.shift import Shift, shift
from service.prober.runtime.signed_api import Answer
from tests.service.conftest import FakeContext
from tests.service.prober.runtime.test_journey import FakeApi, FakeSenders

GOOD = {"requests": 126, "failed_requests": 0, "events": 24, "failed_events": 0}
BAD = {**GOOD, "failed_requests": 18}
NOW_AND_THEN = {**GOOD, "failed_requests": 5}
NO_EVENTS = {**GOOD, "failed_events": 12}
TOO_FEW = {**GOOD, "requests": 112}
VERSION = "arn:prober:7"


class ResponseUrl(HTTPServer):
    """Where CloudFormation waits for the answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Put)
        self.answers: list[dict[str, Any]] = []
        self.status = 200


class _Put(BaseHTTPRequestHandler):
    server: ResponseUrl

    def do_PUT(self) -> None:
        self.server.answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def response_url() -> Iterator[ResponseUrl]:
    with ResponseUrl() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


class FakeLambda:
    """It denies as many calls as `denials` says, before it answers."""

    def __init__(self, tallies: Sequence[dict[str, Any]], error: str | None, denials: int) -> None:
        self._denials = denials
        self._tallies = list(tallies)
        self._error = error
        self.invoked: list[str] = []
        self.payloads: list[Any] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        self.invoked.append(FunctionName)
        self.payloads.append(json.loads(Payload))
        if len(self.invoked) <= self._denials:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not yet"}}, "Invoke")
        tally = self._tallies.pop(0) if len(self._tallies) > 1 else self._tallies[0]
        answer: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(tally).encode())}
        return {**answer, "FunctionError": self._error} if self._error else answer


class FakeCloudFormation:
    def __init__(self, status: str, denials: int) -> None:
        self._status = status
        self._denials = denials

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        assert StackName == "stack"
        self._denials -= 1
        if self._denials >= 0:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not yet"}}, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self._status}]}


def deploy(
    request_type: str,
    response_url: ResponseUrl,
    monkeypatch: pytest.MonkeyPatch,
    *tallies: dict[str, Any],
    error: str | None = None,
    denials: int = 0,
    stack_status: str = "UPDATE_IN_PROGRESS",
    stack_denials: int = 0,
    milliseconds: int = 480_000,
    old_permissions: str = "some",
) -> FakeLambda:
    fake = FakeLambda(tallies or [GOOD], error, denials)
    clients = {"lambda": fake, "cloudformation": FakeCloudFormation(stack_status, stack_denials)}
    monkeypatch.setenv(Setting.REQUESTS_PER_MINUTE, "120")
    monkeypatch.setenv(Setting.EVENTS_PER_MINUTE, "12")
    monkeypatch.setattr(aws, "client", lambda name: clients[name])
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    old = {"OldResourceProperties": {"ProberVersion": "arn:prober:6", "Permissions": old_permissions}}
    event = {
        "RequestType": request_type,
        "ResourceProperties": {"ProberVersion": VERSION, "Permissions": "some"},
        **(old if request_type == "Update" else {}),
        "ResponseURL": f"http://127.0.0.1:{response_url.server_port}/answer",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "FirstJourneysDone",
    }
    context = FakeContext()
    context.remaining_milliseconds = milliseconds
    first_journeys.handle(event, context)
    return fake


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_version_travels_once_as_while_everything_is_released(
    request_type: str, response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = deploy(request_type, response_url, monkeypatch)

    assert fake.invoked == [VERSION]
    assert [shift(payload) for payload in fake.payloads] == [Shift(of_api=True, of_events=True)]
    assert response_url.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "first-journeys",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "FirstJourneysDone",
        }
    ]


def test_create_waits_for_a_new_role_to_be_known(response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = deploy("Create", response_url, monkeypatch, BAD, BAD, GOOD)

    assert len(fake.invoked) == 3
    assert [answer["Status"] for answer in response_url.answers] == ["SUCCESS"]


def test_create_waits_until_it_may_invoke_the_prober(
    response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = deploy("Create", response_url, monkeypatch, denials=2)

    assert len(fake.invoked) == 3
    assert [answer["Status"] for answer in response_url.answers] == ["SUCCESS"]


def test_create_fails_with_the_denial_when_it_may_never(
    response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy("Create", response_url, monkeypatch, denials=99)

    (answer,) = response_url.answers
    assert answer["Status"] == "FAILED"
    assert "AccessDeniedException" in answer["Reason"]


@pytest.mark.parametrize("request_type", ["Create", "Update"])
@pytest.mark.parametrize(
    ("tally", "error"),
    [
        *((BAD, None), (NO_EVENTS, None), (TOO_FEW, None), ({}, None)),
        *(({"errorMessage": "no module"}, "Unhandled"), (GOOD, "Unhandled")),
    ],
)
def test_prober_that_cannot_travel_is_not_deployed(
    tally: dict[str, Any],
    error: str | None,
    request_type: str,
    response_url: ResponseUrl,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deploy(request_type, response_url, monkeypatch, tally, error=error)

    (answer,) = response_url.answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"The prober's first journeys failed: {json.dumps(tally)}"


@pytest.mark.parametrize(("request_type", "status"), [("Create", "FAILED"), ("Update", "SUCCESS")])
def test_api_that_fails_now_and_then_stops_a_first_release_and_no_update(
    request_type: str, status: str, response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(request_type, response_url, monkeypatch, NOW_AND_THEN)

    assert [answer["Status"] for answer in response_url.answers] == [status]


def test_permission_that_was_taken_away_is_seen_though_it_lingers(
    response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = deploy("Update", response_url, monkeypatch, GOOD, BAD, old_permissions="more")

    assert len(fake.invoked) == 1 + first_journeys.ATTEMPTS
    assert [answer["Status"] for answer in response_url.answers] == ["FAILED"]


@pytest.mark.parametrize(
    ("request_type", "stack_status"),
    [
        ("Update", "UPDATE_ROLLBACK_IN_PROGRESS"),
        ("Create", "ROLLBACK_IN_PROGRESS"),
        ("Delete", "DELETE_IN_PROGRESS"),
    ],
)
def test_way_back_and_deletion_are_not_stopped(
    request_type: str, stack_status: str, response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = deploy(request_type, response_url, monkeypatch, BAD, stack_status=stack_status)

    assert fake.invoked == []
    assert [answer["Status"] for answer in response_url.answers] == ["SUCCESS"]


@pytest.mark.parametrize(("denials", "invoked"), [(2, []), (99, [VERSION])])
def test_stack_that_cannot_be_read_at_once_is_read_again_and_stops_nobody(
    denials: int, invoked: list[str], response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = deploy(
        "Update", response_url, monkeypatch, stack_status="UPDATE_ROLLBACK_IN_PROGRESS", stack_denials=denials
    )

    assert fake.invoked == invoked
    assert [answer["Status"] for answer in response_url.answers] == ["SUCCESS"]


def test_no_journey_is_begun_for_which_there_is_no_time(
    response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = deploy("Update", response_url, monkeypatch, milliseconds=60_000)

    assert fake.invoked == []
    (answer,) = response_url.answers
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "The prober's first journeys failed: there was no time for any",
    )


def test_reason_has_room_in_cloudformations_answer(response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy("Update", response_url, monkeypatch, {"errorMessage": "x" * 9000}, error="Unhandled")

    assert len(json.dumps(response_url.answers[0])) < 4096


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_prober_that_may_not_make_one_kind_of_request_is_not_deployed(
    method: str, response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tally is that of real journeys, as many as a canary is promised, of which one method is refused."""
    api, tally = FakeApi(), Tally()
    call = api.call

    def call_unless_refused(called: str, path: str, **options: Any) -> Answer:
        return Answer(status=403, body={}, etag=None) if called == method else call(called, path, **options)

    monkeypatch.setattr(api, "call", call_unless_refused)
    traveller = Traveller(api, FakeSenders())
    for number in range(18):
        traveller.travel(number, tally, sends_events=number < 6)

    deploy("Update", response_url, monkeypatch, dict(vars(tally)))

    assert [answer["Status"] for answer in response_url.answers] == ["FAILED"]


def test_error_is_answered_and_raised(response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AttributeError):
        deploy("Create", response_url, monkeypatch, [])  # type: ignore[arg-type]

    assert [answer["Status"] for answer in response_url.answers] == ["FAILED"]


def test_answer_that_was_not_taken_is_an_error(response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    response_url.status = 403

    with pytest.raises(RuntimeError, match="status 403"):
        deploy("Create", response_url, monkeypatch)
