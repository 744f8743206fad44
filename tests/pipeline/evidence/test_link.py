"""What the approval says of its evidence is read as it was written, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from pipeline.evidence.runtime.link import EvidenceLink, console_url, digest_in, digest_words, link_of

DIGEST = "0a" * 32


def test_link_is_read_as_it_was_written() -> None:
    key = "executions/11111111-1111-4111-8111-111111111111/index.html"
    assert link_of(console_url("eu-west-1", "evidence", key)) == EvidenceLink("eu-west-1", "evidence", key)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.com/s3/object/evidence?prefix=a",
        "https://eu-west-1.console.aws.amazon.com.example.com/s3/object/evidence?prefix=a",
        "http://eu-west-1.console.aws.amazon.com/s3/object/evidence?prefix=a",
        "https://eu-west-1.console.aws.amazon.com/s3/object/?prefix=a",
        "https://eu-west-1.console.aws.amazon.com/s3/buckets/evidence?prefix=a",
        "https://eu-west-1.console.aws.amazon.com/s3/object/evidence",
        "https://eu-west-1.console.aws.amazon.com/s3/object/evidence?prefix=a&prefix=b",
        "https://[",
    ],
)
def test_another_address_is_no_evidence(url: str) -> None:
    assert link_of(url) is None


def test_digest_is_read_as_it_was_written() -> None:
    assert digest_in(f"Release it? {digest_words(DIGEST)} Or not.") == DIGEST


@pytest.mark.parametrize(
    "comment", ["", "Evidence .", f"Evidence {DIGEST}0.", f"{digest_words(DIGEST)} {digest_words('1b' * 32)}"]
)
def test_no_digest_and_two_are_none(comment: str) -> None:
    assert digest_in(comment) is None
