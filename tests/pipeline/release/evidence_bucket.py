"""A bucket that has the evidence of whatever execution is asked for, behind boto3's method."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Any

from botocore.exceptions import ClientError

from pipeline.evidence.runtime.link import console_url, digest_words
from tests.pipeline.evidence.test_page import evidence

BUCKET, REGION = "evidence", "eu-west-1"
DIGEST = "0123456789abcdef" * 4
QUESTION = {
    "CustomData": f"Release it? {digest_words(DIGEST)} Or not.",
    "ExternalEntityLink": console_url(
        REGION, BUCKET, "executions/#{codepipeline.PipelineExecutionId}/20261130T090000Z/index.html"
    ),
}


class EvidenceBucket:
    """`changed` are fields of the evidence; `data`, if set, stands in its place; `refusal` is S3's error."""

    def __init__(self) -> None:
        self.changed: dict[str, Any] = {}
        self.data: bytes | None = None
        self.refusal = ""
        self.regions: list[str] = []

    def of_region(self, region: str) -> Any:
        self.regions.append(region)
        return self

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "So it is."}}, "GetObject")
        assert Bucket == BUCKET
        folder, execution_id, attempt, name = Key.split("/")
        assert (folder, attempt) == ("executions", "20261130T090000Z")
        made = {"index.html": b"<p>May I?</p>", "evidence.json": self._data(execution_id), "bom.json": b"{}"}
        return {"Body": io.BytesIO(made[name])}

    def _data(self, execution_id: str) -> bytes:
        if self.data is not None:
            return self.data
        found = dataclasses.replace(evidence(), **{"execution_id": execution_id, "digest": DIGEST, **self.changed})
        return json.dumps(dataclasses.asdict(found)).encode()
