"""The bucket's evidence: each attempt has its own, nothing is overwritten, and the last whole one is read."""

from __future__ import annotations

import pytest

from pipeline.evidence.runtime.errors import EvidenceError
from pipeline.evidence.runtime.store import BILL, DATA, PAGE, Store
from tests.pipeline.evidence.fakes import FakeS3

FILES = {PAGE: "<p>", DATA: "{}", BILL: "{}"}
FIRST, SECOND = "20261130T090000Z", "20261130T091500Z"


def test_stage_that_is_retried_keeps_both_and_the_last_is_read() -> None:
    # given
    store = Store(FakeS3(), "evidence")
    # when
    store.write("e1", FIRST, {**FILES, DATA: "first"})
    store.write("e1", SECOND, {**FILES, DATA: "second"})
    # then
    assert store.read("e1", DATA) == "second"
    assert store.s3.objects[f"executions/e1/{FIRST}/{DATA}"] == "first"


def test_what_is_there_is_not_overwritten() -> None:
    store = Store(FakeS3(), "evidence")
    store.write("e1", FIRST, FILES)
    with pytest.raises(EvidenceError, match=r"bom\.json cannot be written .*PreconditionFailed"):
        store.write("e1", FIRST, {**FILES, BILL: "other"})
    assert store.s3.objects[f"executions/e1/{FIRST}/{BILL}"] == "{}"


def test_write_of_which_the_answer_was_lost_is_done() -> None:
    """The client asks again, and S3 says that the object is there."""
    s3 = FakeS3()
    s3.objects[f"executions/e1/{FIRST}/{BILL}"] = FILES[BILL]
    Store(s3, "evidence").write("e1", FIRST, FILES)
    assert s3.objects.keys() == {f"executions/e1/{FIRST}/{name}" for name in FILES}


def test_attempt_that_has_not_come_to_its_page_is_none() -> None:
    store = Store(FakeS3(), "evidence")
    store.write("e1", FIRST, {**FILES, DATA: "whole"})
    store.s3.objects[f"executions/e1/{SECOND}/{DATA}"] = "half"
    assert store.read("e1", DATA) == "whole"
    assert store.read("e", DATA) is None


def test_evidence_of_before_attempts_had_folders_is_read() -> None:
    store = Store(FakeS3(), "evidence")
    store.s3.objects.update({f"executions/e1/{name}": name for name in FILES})
    assert store.read("e1", DATA) == DATA
