from __future__ import annotations

import pytest

from rehearsal.aws.limits.document_path import refuse_overlapping_updates
from rehearsal.aws.service_api import ApiError

NAMES = {"#a": "a", "#same": "a", "#dotted": "a.b", "#set": "set"}


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("SET a = :x, a = :y", "path one: [a], path two: [a]"),
        ("SET a = :x REMOVE a", "path one: [a], path two: [a]"),
        ("set a = :x, b = :y add a :z", "path one: [a], path two: [a]"),
        ("SET a = :x, a.b = :y", "path one: [a], path two: [a, b]"),
        ("SET a.b = :x, a = :y", "path one: [a, b], path two: [a]"),
        ("SET a[1].b = :x, a[1] = :y", "path one: [a, [1], b], path two: [a, [1]]"),
        ("SET #a = :x, a = :y", "path one: [a], path two: [a]"),
        ("SET #a.b = :x REMOVE #same.b", "path one: [a, b], path two: [a, b]"),
        ("SET a = if_not_exists(a, :x), b = list_append(b, :y), a = :z", "path one: [a], path two: [a]"),
        ("DELETE tags :x REMOVE tags", "path one: [tags], path two: [tags]"),
        ("SET #set = :x, set.a = :y", "path one: [set], path two: [set, a]"),
    ],
)
def test_two_updates_of_one_path_are_refused(expression: str, paths: str) -> None:
    with pytest.raises(ApiError) as refused:
        refuse_overlapping_updates({"UpdateExpression": expression, "ExpressionAttributeNames": NAMES})

    assert refused.value.code == "ValidationException"
    assert refused.value.message == (
        "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these"
        f" paths; {paths}"
    )


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"UpdateExpression": "SET a = :x"},
        {"UpdateExpression": "SET a = b, b = a"},
        {"UpdateExpression": "SET a = if_not_exists(b, :x), b = :y REMOVE c, d ADD e :z"},
        {"UpdateExpression": "SET a.b = :x, a.c = :y, a.bc = :z"},
        {"UpdateExpression": "SET a[0] = :x, a[1] = :y"},
        {"UpdateExpression": "SET #dotted = :x, a = :y", "ExpressionAttributeNames": NAMES},
        {"UpdateExpression": "SET n = n + :x, #set = :y", "ExpressionAttributeNames": {"#set": "set"}},
        {"UpdateExpression": "REMOVE a, ab, b.a"},
    ],
)
def test_updates_of_other_paths_pass(update: dict[str, object]) -> None:
    refuse_overlapping_updates(update)
