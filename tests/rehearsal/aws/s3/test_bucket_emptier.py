from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.resource import ResourceRequest
from rehearsal.aws.s3.bucket_emptier import BucketEmptier
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, BareCloud


def request(bucket: str) -> ResourceRequest:
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="stack",
        stack_id="stack-id",
        logical_id="AutoDelete",
        resource_type="Custom::S3AutoDeleteObjects",
        properties={"BucketName": bucket},
        physical_id=bucket,
    )


def bucket_with_versions(s3: Any, bucket: str, *, is_tagged: bool) -> None:
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    if is_tagged:
        tags = [{"Key": "aws-cdk:auto-delete-objects", "Value": "true"}]
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    for body in (b"old", b"new"):
        s3.put_object(Bucket=bucket, Key="key", Body=body)
    s3.delete_object(Bucket=bucket, Key="key")


def test_delete_leaves_a_bucket_that_can_be_deleted(cloud: BareCloud) -> None:
    s3 = cloud.client("s3")
    bucket_with_versions(s3, "auto-deleted", is_tagged=True)

    BucketEmptier(cloud.clients).delete(request("auto-deleted"))

    s3.delete_bucket(Bucket="auto-deleted")


def test_delete_leaves_a_bucket_alone_that_lost_its_tag(cloud: BareCloud) -> None:
    s3 = cloud.client("s3")
    bucket_with_versions(s3, "kept", is_tagged=False)

    BucketEmptier(cloud.clients).delete(request("kept"))

    with pytest.raises(ClientError, match="BucketNotEmpty"):
        s3.delete_bucket(Bucket="kept")


def test_delete_is_content_when_the_bucket_is_gone(cloud: BareCloud) -> None:
    BucketEmptier(cloud.clients).delete(request("never-made"))


def test_another_bucket_is_a_replacement(cloud: BareCloud) -> None:
    emptier = BucketEmptier(cloud.clients)

    assert emptier.create(request("first")).physical_id == "first"
    assert emptier.update(request("second")).physical_id == "second"
