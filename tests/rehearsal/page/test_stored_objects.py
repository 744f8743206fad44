"""What an approval's link names is served as a document without rights, and nothing else of S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.errors import EngineError
from rehearsal.page.controls import Refused
from rehearsal.page.stored_objects import ObjectAddress, StoredObject, object_of, shown_at
from rehearsal.run_events import ApprovalRequested
from tests.rehearsal.page.replay import Replay
from tests.rehearsal.page.test_server import ID, _ask

LINK = "https://eu-west-1.console.aws.amazon.com/s3/object/evidence?region=eu-west-1&prefix=executions/1/index.html"
ADDRESS = ObjectAddress(region="eu-west-1", bucket="evidence", key="executions/1/index.html")
HERE = f"object/{ID}/ApproveProd/Approve"


class Bucket:
    """`found` is what is read, or why not."""

    def __init__(self) -> None:
        self.asked: list[ObjectAddress] = []
        self.found: StoredObject | Exception = StoredObject(content=b"<p>May I?</p>", content_type="text/html")

    def __call__(self, address: ObjectAddress) -> StoredObject:
        self.asked.append(address)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def page(tmp_path: Path, bucket: Bucket) -> Iterator[Replay]:
    with Replay(tmp_path, say=lambda _: None, read_object=bucket) as replay:
        yield replay


def _question(url: str = LINK, *, execution_id: str = ID) -> ApprovalRequested:
    return ApprovalRequested(execution_id=execution_id, stage="ApproveProd", action="Approve", url=url, token="t")


def test_object_of_the_link_is_served_without_script_and_without_the_pages_origin(page: Replay, bucket: Bucket) -> None:
    page.tell(_question())

    status, headers, text = _ask(page, HERE)

    assert (status, text, headers["content-type"]) == (200, "<p>May I?</p>", "text/html")
    assert bucket.asked == [ADDRESS]
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "allow-" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "cross-origin-opener-policy" not in headers


@pytest.mark.parametrize(
    "path",
    [
        f"object/{ID}/ApproveProd/Other",
        f"object/{ID}/Other/Approve",
        "object/22222222-2222-3333-4444-555555555555/ApproveProd/Approve",
        f"object/{ID}/ApproveProd/evidence.json",
        f"object/{ID}/ApproveProd",
        "object/evidence/executions/1/index.html",
    ],
)
def test_nothing_else_is_served(page: Replay, bucket: Bucket, path: str) -> None:
    page.tell(_question())

    assert _ask(page, path)[::2] == (404, "")
    assert bucket.asked == []


def test_link_that_is_no_object_is_not_served(page: Replay, bucket: Bucket) -> None:
    page.tell(_question("https://example.com/diff"))

    assert _ask(page, HERE)[::2] == (404, "")
    assert bucket.asked == []


def test_latest_question_of_an_action_counts(page: Replay, bucket: Bucket) -> None:
    page.tell(_question(LINK.replace("index", "first")))
    page.tell(_question())

    _ask(page, HERE)

    assert bucket.asked == [ADDRESS]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/{HERE}", {}),
        (HERE, {"Sec-Fetch-Dest": "script"}),
        (HERE, {"Sec-Fetch-Dest": "iframe"}),
        (HERE, {"Origin": "null"}),
    ],
)
def test_strangers_and_what_takes_it_in_get_nothing(
    page: Replay, bucket: Bucket, path: str, headers: dict[str, str]
) -> None:
    page.tell(_question())

    assert _ask(page, path, headers=headers)[::2] == (404, "")
    assert bucket.asked == []


@pytest.mark.parametrize("error", [Refused("It is not there."), EngineError("It is not there.")])
def test_object_that_cannot_be_read_is_said(page: Replay, bucket: Bucket, error: Exception) -> None:
    page.tell(_question())
    bucket.found = error

    status, headers, text = _ask(page, HERE)

    assert (status, text) == (404, "It is not there.\n")
    assert headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("kind", ["", "text/html\r\nSet-Cookie: a=b", "html"])
def test_type_that_is_none_is_not_passed_on(page: Replay, bucket: Bucket, kind: str) -> None:
    page.tell(_question())
    bucket.found = StoredObject(content=b"x", content_type=kind)

    _, headers, _ = _ask(page, HERE)

    assert headers["content-type"] == "application/octet-stream"
    assert "set-cookie" not in headers


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (LINK, ADDRESS),
        (
            "https://s3.console.aws.amazon.com/s3/object/b?region=us-east-1&bucketType=general&prefix=a/b%20c",
            "us-east-1",
        ),
        ("https://us-east-1.console.aws.amazon.com/s3/object/b?prefix=a/b%20c", "us-east-1"),
        ("https://s3.console.aws.amazon.com/s3/object/b?prefix=a/b%20c", ""),
        ("https://console.aws.amazon.com/s3/object/b?prefix=a/b+c", ""),
    ],
)
def test_addresses_of_the_console_are_read(url: str, found: ObjectAddress | str) -> None:
    expected = found if isinstance(found, ObjectAddress) else ObjectAddress(region=found, bucket="b", key="a/b c")
    assert object_of(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://[",
        "http://eu-west-1.console.aws.amazon.com/s3/object/b?prefix=a",
        "https://eu-west-1.console.aws.amazon.com.example.com/s3/object/b?prefix=a",
        "https://user@console.aws.amazon.com/s3/object/b?prefix=a",
        "https://console.aws.amazon.com/s3/buckets/b?prefix=a",
        "https://console.aws.amazon.com/s3/object/?prefix=a",
        "https://console.aws.amazon.com/s3/object/b/c?prefix=a",
        "https://console.aws.amazon.com/s3/object/b",
        "https://console.aws.amazon.com/s3/object/b?prefix=a&prefix=b",
        "https://console.aws.amazon.com/s3/object/b?prefix=a&versionId=1",
    ],
)
def test_other_links_stay_as_they_are(url: str) -> None:
    assert object_of(url) is None
    assert shown_at(url, page_url="p/", execution_id="e", stage="s", action="a") == url
