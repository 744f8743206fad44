from __future__ import annotations

import time

import pytest

from rehearsal.aws.denials import Denials

SENTENCE = "Alarm: the statistic tm99 is not supported locally, only percentiles are."


def test_a_denial_is_found_where_a_terminal_has_coloured_and_broken_it() -> None:
    denials = Denials()
    denials.tell(SENTENCE)
    words = SENTENCE.split()

    lines = [
        "Deploying",
        f"\x1b[31m❌ Api failed: {' '.join(words[:5])}\x1b[0m",
        f"   {' '.join(words[5:])} (RequestId: 1)",
    ]

    assert denials.found_in(lines) == SENTENCE


def test_what_was_not_told_is_no_denial() -> None:
    denials = Denials()
    denials.tell("not here")  # too short to be anybody's in particular

    assert denials.found_in([SENTENCE, "not here"]) is None


@pytest.mark.parametrize(
    ("line", "denial"),
    [
        (
            "Api ended in ROLLBACK_COMPLETE. Canary CREATE_FAILED: Unsupported resource type: AWS::Synthetics::Canary",
            "Unsupported resource type: AWS::Synthetics::Canary",
        ),
        (
            "An error occurred (ValidationError) when calling the PutMetricAlarm operation: The statistic tm99 is not "
            "supported by the local CloudWatch.",
            "(ValidationError) when calling the PutMetricAlarm operation: The statistic tm99 is not supported by the "
            "local CloudWatch",
        ),
        ("E   AssertionError: Unsupported resource type: AWS::Synthetics::Canary", None),
    ],
)
def test_what_is_always_said_so_needs_not_be_told(line: str, denial: str | None) -> None:
    found = Denials().found_in(["a line before", line, "a line after"])

    assert found is None if denial is None else denial in str(found)


def test_a_denial_is_known_by_its_account_and_moment_too() -> None:
    denials, before = Denials(), time.time()
    denials.tell(SENTENCE, "111111111111")

    assert denials.since(before, "111111111111") == SENTENCE
    assert denials.since(before, "222222222222") is None
    assert denials.since(time.time() + 1, "111111111111") is None
