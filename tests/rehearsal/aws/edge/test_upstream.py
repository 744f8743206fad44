from __future__ import annotations

import gzip
import hashlib
import json
import os
from base64 import b64encode
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.aws.edge.bare_cloud import REGION, BareCloud


@pytest.fixture(scope="module")
def s3(cloud: BareCloud) -> Any:
    client = cloud.client("s3")
    client.create_bucket(Bucket="objects", CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 5_000_000])
@pytest.mark.parametrize("key", ["plain", "with space/ä+b=c&d?e%25.txt"])
def test_object_comes_back_as_it_was_put(s3: Any, size: int, key: str) -> None:
    body = os.urandom(size)

    s3.put_object(Bucket="objects", Key=key, Body=body)

    assert s3.head_object(Bucket="objects", Key=key)["ContentLength"] == size
    got = s3.get_object(Bucket="objects", Key=key)["Body"].read()
    assert hashlib.sha256(got).digest() == hashlib.sha256(body).digest()


@pytest.mark.parametrize("size", [1000, 3_000_000])
def test_compressed_object_stays_compressed(s3: Any, size: int) -> None:
    body = gzip.compress(os.urandom(size))

    s3.put_object(Bucket="objects", Key="compressed", Body=body, ContentEncoding="gzip")

    got = s3.get_object(Bucket="objects", Key="compressed")
    assert (got["Body"].read() == body, got["ContentEncoding"]) == (True, "gzip")


@pytest.mark.parametrize("size", [1000, 3_000_000])
def test_checksum_of_an_object_is_looked_at_and_kept(s3: Any, size: int) -> None:
    body = os.urandom(size)
    right, wrong = (b64encode(hashlib.sha256(data).digest()).decode() for data in (body, b"other"))

    s3.put_object(Bucket="objects", Key="checked", Body=body, ChecksumSHA256=right)
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket="objects", Key="wrong", Body=body, ChecksumSHA256=wrong)

    assert s3.head_object(Bucket="objects", Key="checked", ChecksumMode="ENABLED")["ChecksumSHA256"] == right


def test_large_request_of_a_service_without_declared_hashes_is_passed_on(cloud: BareCloud) -> None:
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="large", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="large", WaiterConfig={"Delay": 1})
    records = [{"Data": os.urandom(900_000), "PartitionKey": str(number)} for number in range(3)]

    answer = kinesis.put_records(StreamName="large", Records=records)

    assert answer["FailedRecordCount"] == 0


def test_object_of_unknown_length_is_streamed(s3: Any, tmp_path: Any) -> None:
    file = tmp_path / "large"
    file.write_bytes(os.urandom(9_000_000))  # several parts

    s3.upload_file(str(file), "objects", "uploaded")
    s3.download_file("objects", "uploaded", str(tmp_path / "back"))

    assert (tmp_path / "back").read_bytes() == file.read_bytes()


def test_object_that_is_not_there_is_an_error_of_s3(s3: Any) -> None:
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="objects", Key="missing")


def test_bucket_that_wants_tls_is_reached_through_the_edge(cloud: BareCloud, s3: Any) -> None:
    s3.create_bucket(Bucket="tls-only", CreateBucketConfiguration={"LocationConstraint": REGION})
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    of_role = cloud.client_of_role("s3", cloud.role("reader-over-tls", everything))

    of_role.put_object(Bucket="tls-only", Key="key", Body=b"value")

    assert of_role.get_object(Bucket="tls-only", Key="key")["Body"].read() == b"value"
