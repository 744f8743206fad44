"""Empties buckets before their stack deletes them: CDK's `auto_delete_objects`, a custom resource of its own.

CDK's function for it is Node.js and needs the AWS SDK, which would have to be fetched: many an app has such a bucket,
and nothing else that needs it. It must not know any other resource.

Source: aws-cdk-lib, custom-resource-handlers/aws-s3/auto-delete-objects-handler.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult

_TAG = {"Key": "aws-cdk:auto-delete-objects", "Value": "true"}


class BucketEmptier:
    """See the module; it is a `ResourceProvider`. A bucket that lost its tag, or is gone, is left as it is."""

    resource_types = frozenset({"Custom::S3AutoDeleteObjects"})

    def __init__(self, clients: AwsClients) -> None:
        self._clients = clients

    def create(self, request: ResourceRequest) -> ResourceResult:
        return ResourceResult(str(request.properties["BucketName"]))

    def update(self, request: ResourceRequest) -> ResourceResult:
        """Another bucket is a replacement: the old one is emptied when CloudFormation deletes it."""
        return self.create(request)

    def delete(self, request: ResourceRequest) -> None:
        s3 = self._clients.root(request.account, request.region).client("s3")
        bucket = str(request.properties["BucketName"])
        try:
            if _TAG in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]:
                _empty(s3, bucket)
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in ("NoSuchBucket", "NoSuchTagSet"):
                raise ResourceFailed(f"Bucket {bucket} could not be emptied: {exc}") from exc


def _empty(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if found:
            objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
