from __future__ import annotations

import json

import pytest

from service.cars.cursor_keys import CursorKey, CursorKeys, MalformedCursorKeys

FIRST, SECOND = CursorKey("f" * 32), CursorKey("s" * 32)


def test_secret_as_it_is_generated_has_a_current_key_only() -> None:
    assert CursorKeys.parse_json(json.dumps({"current": FIRST.text})) == CursorKeys(current=FIRST, previous=None)


def test_rotated_keys_keep_the_former_and_forget_the_one_before_it() -> None:
    once = CursorKeys(current=FIRST, previous=None).rotated(SECOND)
    twice = once.rotated(CursorKey("t" * 32))

    assert CursorKeys.parse_json(once.to_json()) == once
    assert [once.with_id(key.key_id) for key in (FIRST, SECOND)] == [FIRST, SECOND]
    assert [twice.with_id(key.key_id) for key in (FIRST, SECOND)] == [None, SECOND]


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "not JSON but s3cret-s3cret-s3cret-s3cret",
        "[]",
        "{}",
        '{"current": null}',
        '{"current": "too short"}',
        json.dumps({"current": "c" * 32, "previous": "too short"}),
        json.dumps({"current": "c" * 32, "previous": 1}),
    ],
)
def test_secret_that_holds_no_keys_is_refused_and_not_told(secret: str) -> None:
    with pytest.raises(MalformedCursorKeys) as refused:
        CursorKeys.parse_json(secret)

    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_key_is_in_no_repr() -> None:
    assert FIRST.text not in repr(CursorKeys(current=FIRST, previous=FIRST))
