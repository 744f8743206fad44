"""An object of the local S3 is read, or a sentence says why not."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from rehearsal.errors import EngineError
from rehearsal.page.controls import Refused
from rehearsal.page.stored_objects import MOST_BYTES, ObjectAddress, StoredObject
from rehearsal.up.object_reader import ObjectReader, read_object

ADDRESS = ObjectAddress(region="eu-west-1", bucket="evidence", key="e/index.html")
PARAMETERS = {"Bucket": "evidence", "Key": "e/index.html"}


@pytest.fixture
def s3() -> Any:
    return boto3.client("s3", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing")


def _answer(size: int) -> dict[str, Any]:
    return {"ContentLength": size, "ContentType": "text/html", "Body": StreamingBody(io.BytesIO(b"May I?"), 6)}


def test_object_is_read_with_its_type(s3: Any) -> None:
    with Stubber(s3) as stubber:
        stubber.add_response("get_object", _answer(6), PARAMETERS)

        assert read_object(s3, ADDRESS) == StoredObject(content=b"May I?", content_type="text/html")


def test_object_that_is_too_large_is_not_read(s3: Any) -> None:
    with Stubber(s3) as stubber:
        stubber.add_response("get_object", _answer(MOST_BYTES + 1), PARAMETERS)

        with pytest.raises(Refused, match=f"has {MOST_BYTES + 1} bytes"):
            read_object(s3, ADDRESS)


def test_object_that_is_not_there_is_said(s3: Any) -> None:
    with Stubber(s3) as stubber:
        stubber.add_client_error("get_object", "NoSuchKey", "Gone.", expected_params=PARAMETERS)

        with pytest.raises(Refused, match=r"s3://evidence/e/index.html: Gone. \(NoSuchKey\)"):
            read_object(s3, ADDRESS)


def test_local_aws_that_does_not_run_yet_is_said() -> None:
    def nothing() -> Any:
        raise EngineError("The local AWS does not run yet.")

    with pytest.raises(EngineError, match="does not run yet"):
        ObjectReader(nothing)(ADDRESS)
