"""The emulator matches events: its answers to the examples of "Comparison operators for use in event patterns"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.aws.edge.bare_cloud import BareCloud, bare_cloud

EVENT = {
    "id": "1",
    "account": "111111111111",
    "source": "aws.cars",
    "time": "2026-01-01T00:00:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:a:one", "arn:aws:a:two"],
    "detail-type": "Changed",
    "detail": {
        "state": "Running",
        "file": "a/b/photo.PNG",
        "price": 10.5,
        "count": 0,
        "ip": "10.0.0.7",
        "none": None,
        "empty": "",
        "flag": True,
        "nested": {"deep": "x"},
        "list": [1, "two"],
    },
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareCloud]:
    with bare_cloud(tmp_path_factory.mktemp("patterns")) as cloud:
        yield cloud


@pytest.mark.parametrize(
    ("detail", "matches"),
    [
        ({"state": ["Running", "Stopped"]}, True),
        ({"state": ["running"]}, False),
        ({"price": [10.5]}, True),
        ({"flag": [True]}, True),
        ({"none": [None]}, True),
        ({"empty": [None]}, False),
        ({"empty": [""]}, True),
        ({"list": ["two"]}, True),
        ({"nested": {"deep": ["x"]}}, True),
        ({"state": [{"prefix": "Run"}]}, True),
        ({"state": [{"prefix": {"equals-ignore-case": "rUN"}}]}, True),
        ({"file": [{"suffix": ".PNG"}]}, True),
        ({"file": [{"suffix": {"equals-ignore-case": ".png"}}]}, True),
        ({"file": [{"suffix": ".png"}]}, False),
        ({"state": [{"anything-but": "Stopped"}]}, True),
        ({"state": [{"anything-but": ["Running", "Stopped"]}]}, False),
        ({"price": [{"anything-but": 10.5}]}, False),
        ({"price": [{"anything-but": [1, 2]}]}, True),
        ({"state": [{"anything-but": {"prefix": "Run"}}]}, False),
        ({"state": [{"anything-but": {"prefix": ["St", "In"]}}]}, True),
        ({"file": [{"anything-but": {"suffix": ".PNG"}}]}, False),
        ({"state": [{"anything-but": {"equals-ignore-case": "RUNNING"}}]}, False),
        ({"file": [{"anything-but": {"wildcard": "a/*"}}]}, False),
        ({"missing": [{"anything-but": "x"}]}, False),
        ({"price": [{"numeric": [">", 10, "<=", 10.5]}]}, True),
        ({"price": [{"numeric": ["<", 10]}]}, False),
        ({"count": [{"numeric": ["=", 0]}]}, True),
        ({"ip": [{"cidr": "10.0.0.0/24"}]}, True),
        ({"ip": [{"cidr": "10.0.1.0/24"}]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"state": [{"exists": False}]}, False),
        ({"state": [{"exists": True}]}, True),
        ({"none": [{"exists": True}]}, True),
        ({"state": [{"equals-ignore-case": "RUNNING"}]}, True),
        ({"file": [{"wildcard": "a/*/photo.*"}]}, True),
        ({"file": [{"wildcard": "b/*"}]}, False),
        ({"$or": [{"price": [{"numeric": [">", 100]}]}, {"state": ["Running"]}]}, True),
        ({"$or": [{"price": [{"numeric": [">", 100]}]}, {"state": ["Stopped"]}]}, False),
        ({"$or": [{"price": [10.5]}, {"price": [1]}], "state": ["Stopped"]}, False),
    ],
)
def test_a_pattern_of_the_detail_matches_as_documented(cloud: BareCloud, detail: Any, matches: bool) -> None:
    answer = cloud.client("events").test_event_pattern(
        EventPattern=json.dumps({"detail": detail}), Event=json.dumps(EVENT)
    )

    assert answer["Result"] is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": [{"prefix": "aws."}], "account": ["111111111111"]}, True),
        ({"resources": [{"suffix": "two"}]}, True),
        ({"detail-type": [{"anything-but": "Changed"}]}, False),
        ({"$or": [{"source": ["other"]}, {"region": ["eu-west-1"]}]}, True),
    ],
)
def test_a_pattern_of_the_envelope_matches_as_documented(cloud: BareCloud, pattern: Any, matches: bool) -> None:
    answer = cloud.client("events").test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(EVENT))

    assert answer["Result"] is matches


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": "aws.cars"},
        {"detail": {"state": [{"begins-with": "Run"}]}},
        {"detail": {"price": [{"numeric": ["~", 1]}]}},
        {"detail": {"state": [{"exists": "yes"}]}},
        {"detail": {}},
    ],
)
def test_a_pattern_that_aws_refuses_is_refused_when_the_rule_is_made(cloud: BareCloud, pattern: Any) -> None:
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        cloud.client("events").put_rule(Name="refused", EventPattern=json.dumps(pattern))
