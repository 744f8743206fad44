from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.eventbridge.put_events import given_time, refused_results
from rehearsal.aws.service_api import ApiError

RIGHT: dict[str, Any] = {"Source": "s", "DetailType": "t", "Detail": "{}"}


def sized(count: int) -> dict[str, Any]:
    return {**RIGHT, "Detail": '{"a":"%s"}' % ("x" * (count - 10))}


def test_the_size_counts_source_type_detail_resources_and_time() -> None:
    rest = {"Resources": ["äb"], "Time": 1.5}  # 3 and 14 bytes

    assert refused_results([{**sized(1024 * 1024 - 17), **rest}]) == [None]
    with pytest.raises(ApiError, match="Total size of the entries in the request is over the limit"):
        refused_results([{**sized(1024 * 1024 - 16), **rest}])
    with pytest.raises(ApiError, match="Total size"):
        refused_results([sized(1024 * 512), sized(1024 * 512 + 1)])


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ({**RIGHT, "Source": ""}, "InvalidArgument", "Source is a required argument."),
        ({**RIGHT, "Detail": ""}, "InvalidArgument", "Detail is a required argument."),
        ({**RIGHT, "Detail": "{"}, "MalformedDetail", "Detail is malformed."),
        ({**RIGHT, "Detail": "null"}, "MalformedDetail", "Detail is malformed."),
        ({**RIGHT, "Detail": '"text"'}, "MalformedDetail", "Detail is malformed."),
        ({**RIGHT, "Time": "yesterday"}, "InvalidArgument", "Time is no time stamp"),
    ],
)
def test_an_entry_that_is_not_taken_has_its_answer(entry: dict[str, Any], code: str, words: str) -> None:
    taken, refused = refused_results([RIGHT, entry])

    assert taken is None
    assert refused is not None
    assert refused["ErrorCode"] == code
    assert words in refused["ErrorMessage"]


@pytest.mark.parametrize(
    ("time", "delivered"),
    [
        (None, ""),
        (0, "1970-01-01T00:00:00Z"),
        (1700000000.9, "2023-11-14T22:13:20Z"),
        ("2024-05-06T07:08:09+02:00", "2024-05-06T05:08:09Z"),
        ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z"),
    ],
)
def test_the_given_time_is_delivered_in_whole_seconds(time: Any, delivered: str) -> None:
    assert given_time({"Time": time}) == delivered
