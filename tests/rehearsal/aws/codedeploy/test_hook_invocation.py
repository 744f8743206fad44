from __future__ import annotations

import pytest

from rehearsal.aws.codedeploy.hook_invocation import what_it_said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), ""),
        (("all is well", '{"level":"INFO","message":"reported"}'), ""),
        (('{"level":"ERROR","message":"refused","reason":"no data"}', "done"), "refused: no data"),
        (('{"level": "CRITICAL", "message": "first"}', '{"level": "ERROR", "message": "second"}'), "second"),
        (
            ("[ERROR]\t2026-01-01T00:00:00.000Z\tid\tno such route",),
            "[ERROR]\t2026-01-01T00:00:00.000Z\tid\tno such route",
        ),
        (('"level":"ERROR" but no JSON',), '"level":"ERROR" but no JSON'),
    ],
)
def test_the_last_error_of_a_log_is_said_in_a_persons_words(lines: tuple[str, ...], said: str) -> None:
    assert what_it_said(lines) == said
