from __future__ import annotations

import pytest

from service.failures.redrive.failure_kind import FailureKind, output_id, parse_output_id


@pytest.mark.parametrize("kind", FailureKind)
@pytest.mark.parametrize("name", ["Undelivered", "SetAside", "QueueOfRule", "Record"])
def test_output_of_a_failure_queue_tells_its_name_and_kind(name: str, kind: FailureKind) -> None:
    assert parse_output_id(output_id(name, kind)) == (name, kind)


@pytest.mark.parametrize(
    "key", ["ApiUrl", "FailuresUrl", "StreamFailuresUrl", "LostFailuresUrl", "AStreamFailuresUrls"]
)
def test_other_outputs_are_none_of_ours(key: str) -> None:
    assert parse_output_id(key) is None
