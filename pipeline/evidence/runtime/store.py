"""Where the evidence of every execution is kept: a bucket, read for the release before, written for this one.

It must not overwrite another execution's. Sources: S3 API reference, ListObjectsV2, PutObject, GetObject (of what is
missing it says AccessDenied to whoever may not list the whole bucket, so it is listed first).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipeline.evidence.runtime.errors import EvidenceError

PAGE, DATA, BILL = "index.html", "evidence.json", "bom.json"
_TYPES = {PAGE: "text/html; charset=utf-8", DATA: "application/json", BILL: "application/vnd.cyclonedx+json"}


@dataclass(frozen=True)
class Store:
    s3: Any
    bucket: str

    def read(self, execution_id: str, name: str) -> str | None:
        """None when that execution has none. Raises EvidenceError when the bucket cannot be read."""
        key = _key(execution_id, name)
        try:
            listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=key).get("Contents", [])
            if key not in [found["Key"] for found in listed]:
                return None
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as exc:
            raise EvidenceError(f"The evidence bucket {self.bucket} cannot be read: {exc}") from exc
        return str(answer["Body"].read().decode())

    def write(self, execution_id: str, files: Mapping[str, str]) -> None:
        """The page last: where it is, the rest is. Raises EvidenceError when one cannot be written."""
        for name in sorted(files, key=lambda name: (name == PAGE, name)):
            try:
                self.s3.put_object(
                    Bucket=self.bucket,
                    Key=_key(execution_id, name),
                    Body=files[name].encode(),
                    ContentType=_TYPES[name],
                )
            except ClientError as exc:
                raise EvidenceError(f"{name} cannot be written to the evidence bucket {self.bucket}: {exc}") from exc


def _key(execution_id: str, name: str) -> str:
    return f"executions/{execution_id}/{name}"
