from __future__ import annotations

import gzip

import pytest

from rehearsal.aws.edge.content_encoding import inflated
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.service_api import ApiError

BODY = b"Action=PutMetricData&" * 100


def request(encoding: str | None, body: bytes) -> SignedRequest:
    headers = {"host": "x", **({"content-encoding": encoding} if encoding is not None else {})}
    return SignedRequest("POST", "/", headers, body)


@pytest.mark.parametrize(("encoding", "left"), [("gzip", None), ("GZIP", None), ("aws-chunked, gzip", "aws-chunked")])
def test_gzip_is_inflated_and_no_longer_said(encoding: str, left: str | None) -> None:
    plain = inflated(request(encoding, gzip.compress(BODY)))

    assert (plain.body, plain.headers.get("content-encoding")) == (BODY, left)


@pytest.mark.parametrize("encoding", [None, "", "identity", "gzip, aws-chunked"])
def test_all_else_stays_as_it_is(encoding: str | None) -> None:
    given = request(encoding, BODY)

    assert inflated(given) is given


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(BODY)[:-9], gzip.compress(b"0" * (65 * 1024 * 1024), 1)],
    ids=["none", "cut off", "too large"],  # gzip says when it was made: workers would not have the same names
)
def test_what_is_no_gzip_of_a_moderate_size_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError, match="gzip"):
        inflated(request("gzip", body))
