from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.eventbridge.json_path import Found, NoPath, find

EVENT = {
    "detail-type": "Changed",
    "resources": ["first", "second"],
    "detail": {
        "items": [{"id": 1, "tags": ["a", "b"]}, {"id": 2, "tags": ["c"]}, {}],
        "a.b": "dotted",
        "with/slash": "slashed",
        "none": None,
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", EVENT),
        ("$.detail-type", "Changed"),
        ("$.resources[1]", "second"),
        ("$.detail.items[0].id", 1),
        ("$.detail.items[0].tags[1]", "b"),
        ("$.detail.items[*].id", [1, 2]),
        ("$.detail.items[*].tags[*]", ["a", "b", "c"]),
        ("$.detail.items[1].*", [2, ["c"]]),
        ("$.resources[*]", ["first", "second"]),
        ("$['detail']['a.b']", "dotted"),
        ('$.detail["a.b"]', "dotted"),
        ("$.detail.with/slash", "slashed"),
        ("$.detail.none", None),
        ("$.detail.items[*].nothing", []),
    ],
)
def test_a_path_finds(path: str, found: Any) -> None:
    assert find(path, EVENT) == Found(found)


@pytest.mark.parametrize("path", ["$.missing", "$.detail.items[3]", "$.resources.first", "$.detail.a.b", "$.detail[0]"])
def test_a_path_finds_nothing_where_nothing_is(path: str) -> None:
    assert find(path, EVENT) is None


@pytest.mark.parametrize(
    "path", ["detail", "", "$.", "$..id", "$.detail.items[?(@.id==1)]", "$.detail.items[0:1]", "$.detail[-1]", "$.a b"]
)
def test_what_eventbridge_does_not_document_is_no_path(path: str) -> None:
    with pytest.raises(NoPath):
        find(path, EVENT)
