"""What a function sets aside is what redrive reads, and what redrive makes of it is what the function handles again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from service.cars.settings import Setting
from service.changes.runtime import handler as changes
from service.changes.runtime.stream_record import Change, Unreadable, read_record
from service.failures.redrive.failure_kind import FailureKind
from service.failures.redrive.remedy import Aws
from service.failures.redrive.run import Ending
from service.telemetry.runtime import handler as telemetry
from tests.service.changes.runtime.test_handler import FakeBus, many_records, unreadable
from tests.service.conftest import FakeContext
from tests.service.failures.redrive.conftest import Failures, FakeFunctions, failures, go_through
from tests.service.telemetry.runtime.test_handler import raw_record


@dataclass
class Calls(FakeFunctions):
    """Lambda with the function of the unit `changes` in it."""

    context: FakeContext | None = None

    def call(self, function_arn: str, event: Any) -> Any:
        super().call(function_arn, event)
        assert self.context is not None
        return changes.handle(event, self.context)


@pytest.fixture
def set_aside_of(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[[FailureKind], Failures]:
    """Makes the queue of this kind, into which the functions set aside what they cannot read."""
    monkeypatch.setattr(changes, "sqs", lambda: aws.sqs)
    monkeypatch.setattr(telemetry, "sqs", lambda: aws.sqs)
    monkeypatch.setenv(Setting.EVENT_BUS_NAME, "cars")

    def made(kind: FailureKind) -> Failures:
        queue = failures(aws, kind)
        monkeypatch.setenv(Setting.SET_ASIDE_QUEUE_URL, queue.queue.url)
        return queue

    return made


def read_car_without_a_model(record: dict[str, Any]) -> Change | Unreadable:
    """As a release does that has learned to read what another one wrote."""
    mended = copy.deepcopy(record)
    mended["dynamodb"]["NewImage"].setdefault("model", {"S": "unknown"})
    return read_record(mended)


@pytest.mark.parametrize("is_fixed", [True, False])
def test_change_that_was_set_aside_is_sent_after_a_fix_and_stays_without_one(
    is_fixed: bool,
    set_aside_of: Callable[[FailureKind], Failures],
    aws: Aws,
    context: FakeContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given
    bus = FakeBus()
    monkeypatch.setattr(changes, "event_bridge", lambda: bus)
    queue = set_aside_of(FailureKind.CHANGE)
    (record,) = many_records(1)
    changes.handle({"Records": [unreadable(record)]}, context)
    assert (bus.sent, queue.counts()) == ([], (1, 0))
    if is_fixed:
        monkeypatch.setattr(changes, "read_record", read_car_without_a_model)
    # when
    (result,) = go_through(replace(aws, functions=Calls(context=context)), queue)
    # then
    assert result.count(Ending.REDRIVEN if is_fixed else Ending.STAYS) == 1
    assert len(bus.sent) == (1 if is_fixed else 0)
    assert queue.counts() == ((0, 0) if is_fixed else (1, 0))


def test_report_that_was_set_aside_cut_off_is_not_put_again(
    set_aside_of: Callable[[FailureKind], Failures], aws: Aws, context: FakeContext
) -> None:
    queue = set_aside_of(FailureKind.RECORD)
    records = [raw_record(1, b"x" * 10_000), raw_record(2, b"x" * 10_001)]
    telemetry.handle({"Records": records}, context)
    put: list[bytes] = []

    class Kinesis:
        def put_record(self, *, Data: bytes, **_: Any) -> None:
            put.append(Data)

    (result,) = go_through(replace(aws, kinesis=cast(Any, Kinesis())), queue)

    assert put == [b"x" * 10_000]
    assert [found.ending for found in result.looked].count(Ending.STAYS) == 1
    assert queue.counts() == (1, 0)
