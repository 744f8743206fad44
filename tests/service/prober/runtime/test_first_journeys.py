"""CloudFormation hears an answer whatever happens, and a first release that does not work is none."""

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
from tests.service.conftest import FakeContext

GOOD = {"requests": 126, "failed_requests": 0, "journeys": 18, "succeeded_journeys": 18}
BAD = {"requests": 126, "failed_requests": 18, "journeys": 18, "succeeded_journeys": 0}


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

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        self.invoked.append(FunctionName)
        if len(self.invoked) <= self._denials:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not yet"}}, "Invoke")
        tally = self._tallies.pop(0) if len(self._tallies) > 1 else self._tallies[0]
        answer: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(tally).encode())}
        return {**answer, "FunctionError": self._error} if self._error else answer


def deploy(
    request_type: str,
    response_url: ResponseUrl,
    monkeypatch: pytest.MonkeyPatch,
    *tallies: dict[str, Any],
    error: str | None = None,
    denials: int = 0,
) -> FakeLambda:
    fake = FakeLambda(tallies or [GOOD], error, denials)
    monkeypatch.setenv(Setting.PROBER_ARN, "arn:prober:live")
    monkeypatch.setattr(aws, "client", lambda name: {"lambda": fake}[name])
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    event = {
        "RequestType": request_type,
        "ResponseURL": f"http://127.0.0.1:{response_url.server_port}/answer",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "FirstJourneysDone",
    }
    first_journeys.handle(event, FakeContext())
    return fake


def test_create_succeeds_when_the_journeys_do(response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = deploy("Create", response_url, monkeypatch)

    assert fake.invoked == ["arn:prober:live"]
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


@pytest.mark.parametrize(
    ("tally", "error"),
    [(BAD, None), ({"errorMessage": "no module"}, "Unhandled"), ({"failed_requests": 0, "journeys": 0}, None)],
)
def test_create_fails_when_the_journeys_do(
    tally: dict[str, Any], error: str | None, response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy("Create", response_url, monkeypatch, tally, error=error)

    (answer,) = response_url.answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"The first journeys through the API failed: {json.dumps(tally)}"


@pytest.mark.parametrize("request_type", ["Update", "Delete"])
def test_later_requests_pass_by(request_type: str, response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = deploy(request_type, response_url, monkeypatch, BAD)

    assert fake.invoked == []
    assert [answer["Status"] for answer in response_url.answers] == ["SUCCESS"]


def test_error_is_answered_and_raised(response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AttributeError):
        deploy("Create", response_url, monkeypatch, [])  # type: ignore[arg-type]

    assert [answer["Status"] for answer in response_url.answers] == ["FAILED"]


def test_answer_that_was_not_taken_is_an_error(response_url: ResponseUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    response_url.status = 403

    with pytest.raises(RuntimeError, match="status 403"):
        deploy("Create", response_url, monkeypatch)
