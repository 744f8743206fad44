from __future__ import annotations

import io
import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO, cast

import pytest

from service.failures.redrive.cli import Connection, main
from service.failures.redrive.failure_kind import FailureKind
from service.failures.redrive.page import age
from service.failures.redrive.remedy import Aws
from tests.service.failures.redrive.conftest import WAITED, Failures, FakeFunctions, failures, invocation_record
from tests.service.failures.redrive.test_failure_queue import stack
from tests.service.failures.redrive.test_progress import Lines

SECRET = "52.520008"


@dataclass(frozen=True)
class Stacks:
    """CloudFormation, as far as it is asked."""

    stacks: list[dict[str, Any]]
    meta: Any = None

    def get_paginator(self, _: str) -> Stacks:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Stacks": self.stacks}]


@dataclass(frozen=True)
class Service:
    """One stage with one unit, whose function failed."""

    queue: Failures
    aws: Aws
    outputs: dict[str, str]

    def run(
        self, *arguments: str, aws: Aws | None = None, err: TextIO | None = None, silent_seconds: float = 60
    ) -> tuple[int, str]:
        stacks = Stacks([stack("Prod-Notifications", **self.outputs)])

        def connect(region: str | None) -> Connection:
            return Connection(cloudformation=cast(Any, stacks), aws=aws or self.aws)

        out = io.StringIO()
        code = main(arguments, out=out, err=err, connect=connect, silent_seconds=silent_seconds)
        return code, out.getvalue()


@pytest.fixture
def service(aws: Aws) -> Service:
    queue = failures(aws, FailureKind.FUNCTION, unit="notifications", name="Failed")
    event = {"latitude": SECRET}
    queue.add(invocation_record(requestPayload=event, responsePayload={"errorType": "KeyError"}))
    return Service(queue, aws, {"FailedFunctionFailuresUrl": queue.queue.url})


def test_list_shows_what_is_there_and_why(service: Service) -> None:
    code, said = service.run("list", "--stage", "prod")

    assert code == 0
    assert "notifications Failed: About http" in said
    assert "the event of request request-1" in said
    assert "why: RetriesExhausted; version 7: Unhandled (KeyError)" in said
    assert ["notifications", "Failed", "Function", "1", "1", "-", "0", "under", "a", "minute"] in rows(said)
    assert service.queue.counts() == (1, 0)


def test_queue_counts_as_empty_only_when_sqs_has_asked_all_of_its_servers(service: Service) -> None:
    WAITED.clear()

    service.run("list", "--stage", "prod")

    assert len(WAITED) == 2  # the message, and that there is no other
    assert min(WAITED) >= 1


@pytest.mark.parametrize("command", [["list"], ["redrive", "--dry-run"], ["redrive"]])
def test_payload_is_shown_only_when_asked_for(command: list[str], service: Service) -> None:
    _, without = service.run(*command, "--stage", "prod")
    service.queue.add(invocation_record(requestPayload={"latitude": SECRET}))
    _, with_it = service.run(*command, "--stage", "prod", "--show-payload")

    assert SECRET not in without
    assert SECRET in with_it


def test_redrive_says_what_it_did(service: Service, functions: FakeFunctions) -> None:
    code, said = service.run("redrive", "--stage", "prod")

    assert code == 0
    assert "redriven: handed to Lambda for cars:live" in said
    assert ["notifications", "Failed", "Function", "1", "1", "1", "0", "under", "a", "minute"] in rows(said)
    assert len(functions.called_later) == 1
    assert service.queue.counts() == (0, 0)


def test_dry_run_says_what_it_would_do_and_does_nothing(service: Service, functions: FakeFunctions) -> None:
    code, said = service.run("redrive", "--stage", "prod", "--dry-run")

    assert code == 0
    assert "waits: would be: handed to Lambda for cars:live" in said
    assert functions.called_later == []
    assert service.queue.counts() == (1, 0)


def test_what_stays_is_an_exit_code_of_its_own(service: Service) -> None:
    service.queue.add("what is this?")

    code, said = service.run("redrive", "--stage", "prod")

    assert code == 1
    assert "stays: unreadable: It is not what a queue of kind Function holds" in said
    assert "what is this?" not in said


def test_unknown_kind_is_named_and_left(service: Service) -> None:
    service.outputs["NewMagicFailuresUrl"] = "https://sqs/new"

    code, said = service.run("redrive", "--stage", "prod")

    assert code == 1
    assert "notifications NewMagic: this version knows no such kind, and leaves it alone" in said
    assert "https://sqs/new" in said


def test_ctrl_c_leaves_the_queue_as_it_was(service: Service, functions: FakeFunctions) -> None:
    class PressesCtrlC(FakeFunctions):
        def call_later(self, function_arn: str, event: Any) -> None:
            raise KeyboardInterrupt

    code, said = service.run("redrive", "--stage", "prod", aws=replace(service.aws, functions=PressesCtrlC()))

    assert code == 130
    assert "What was not handled is in its queue" in said
    assert service.queue.counts() == (1, 0)


def test_call_that_takes_long_is_said_on_the_standard_error_meanwhile(service: Service) -> None:
    err = Lines(1, text="notifications Failed: 0 of about 1 looked at, redriving the next")

    class TakesLong(FakeFunctions):
        def call_later(self, function_arn: str, event: Any) -> None:
            assert err.are_there.wait(10), "nothing was said while it was called"

    slow = replace(service.aws, functions=TakesLong())

    code, said = service.run("redrive", "--stage", "prod", aws=slow, err=err, silent_seconds=0.01)

    assert code == 0
    assert "looked at, redriving" not in said
    assert SECRET not in err.getvalue()


def test_queue_that_was_not_gone_through_is_said_and_is_no_success(service: Service) -> None:
    def floods(parsed: dict[str, Any], **_: object) -> None:
        new = {"ReceiptHandle": "new", "Body": "{}", "Attributes": {"SentTimestamp": "32503680000000"}}
        parsed["Messages"] = [*parsed.get("Messages", []), {"MessageId": f"new-{next(numbers)}", **new}]

    numbers = itertools.count()
    service.aws.sqs.meta.events.register("after-call.sqs.ReceiveMessage", floods, unique_id="floods")
    try:
        code, said = service.run("redrive", "--stage", "prod")
    finally:
        service.aws.sqs.meta.events.unregister("after-call.sqs.ReceiveMessage", unique_id="floods")

    assert code == 1
    assert "notifications Failed: not all that were there have been looked at. Run again for the others." in said


def test_what_does_not_exist_is_an_error(service: Service) -> None:
    code, said = service.run("list", "--stage", "prod", "--unit", "api")

    assert code == 2
    assert said.strip() == "There is no such queue in prod. There are: notifications Failed."


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["list"],
        ["list", "--stage", "qa"],
        ["redrive", "--stage", "prod", "--rate", "0"],
        ["redrive", "--stage", "prod", "--rate", "1e-9"],
        ["redrive", "--stage", "prod", "--rate", "inf"],
        ["redrive", "--stage", "prod", "--rate", "nan"],
        ["redrive", "--stage", "prod", "--maximum", "some"],
        ["redrive", "--stage", "prod", "--rate", "fast"],
        ["redrive", "--stage", "prod", "--maximum", "0"],
        ["list", "--stage", "prod", "--dry-run"],
    ],
)
def test_arguments_that_mean_nothing_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def connect(region: str | None) -> Connection:
        raise AssertionError("nothing may be looked at")

    with pytest.raises(SystemExit) as ended:
        main(arguments, connect=connect)

    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_ENDPOINT_URL", "somewhere"), ("AWS_DEFAULT_REGION", "eu west"), ("AWS_PROFILE", "nobody")]
)
def test_configuration_that_makes_no_sense_is_an_error(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv(name, value)
    out = io.StringIO()

    code = main(["list", "--stage", "prod"], out=out)

    assert code == 2
    assert value in out.getvalue()


def test_region_is_handed_on() -> None:
    asked: list[str | None] = []

    def connect(region: str | None) -> Connection:
        asked.append(region)
        raise KeyboardInterrupt

    main(["list", "--stage", "prod", "--region", "eu-north-1"], out=io.StringIO(), connect=connect)

    assert asked == ["eu-north-1"]


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=59), "under a minute"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3, minutes=12), "3 h 12 min"),
        (timedelta(days=2, hours=1, minutes=5), "2 d 1 h"),
        (timedelta(seconds=-5), "under a minute"),
    ],
)
def test_age_is_said_in_two_units(passed: timedelta, said: str) -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)

    assert age(now, now - passed) == said


def rows(said: str) -> list[list[str]]:
    return [line.split() for line in said.splitlines()]
