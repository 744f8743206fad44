"""Where the evidence of every execution is kept: a bucket, read for the release before, written for this one.

A stage that is retried makes evidence anew, of what prod runs by then: each attempt has a folder of its own, by its
time. It must not overwrite anything. Sources: S3 API reference, ListObjectsV2, GetObject (of what is missing it says
AccessDenied to whoever may not list the whole bucket, so it is listed first), PutObject (If-None-Match).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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
        """Of its last attempt that has a page; None without one. Raises EvidenceError when it cannot be read."""
        try:
            listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"executions/{execution_id}/")
            keys = {found["Key"] for found in listed.get("Contents", [])}
            pages = [key for key in keys if key.endswith(f"/{PAGE}")]
            key = max(pages, default="").removesuffix(PAGE) + name
            if key not in keys:
                return None
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as exc:
            raise EvidenceError(f"The evidence bucket {self.bucket} cannot be read: {exc}") from exc
        return str(answer["Body"].read().decode())

    def write(self, execution_id: str, attempt: str, files: Mapping[str, str]) -> None:
        """The page last: where it is, the rest is. Raises EvidenceError when one cannot be written, or another one is
        there.
        """
        for name in sorted(files, key=lambda name: (name == PAGE, name)):
            key, body = f"executions/{execution_id}/{attempt}/{name}", files[name].encode()
            try:
                self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=_TYPES[name], IfNoneMatch="*")
            except ClientError as exc:
                if not self._is_ours(exc, key, body):
                    raise EvidenceError(
                        f"{name} cannot be written to the evidence bucket {self.bucket}: {exc}"
                    ) from exc

    def _is_ours(self, error: ClientError, key: str, body: bytes) -> bool:
        """The client tries again where S3's answer was lost, and then S3 says that the object is there already."""
        if error.response["Error"]["Code"] != "PreconditionFailed":
            return False
        try:
            return bool(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() == body)
        except ClientError:
            return False


def attempt_of(made_at: datetime) -> str:
    """The name of an attempt's folder: later ones sort behind earlier ones."""
    return made_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
